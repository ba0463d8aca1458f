# The entry of the OS modules: one configuration in, its evaluation and what can be built from it out.
#
#   import <osconf/modules> { configuration = ./configuration.nix; }
{
  # A module: a path, a set or a function.
  configuration,
  # More modules, for callers that add to a configuration (images, tests).
  modules ? [ ],
  # Arguments every module can take, also in `imports`.
  specialArgs ? { },
  lib ? import <osconf/lib>,
}:

let
  # Each generation keeps the text it was made from.
  keepText =
    { pkgs, ... }:
    {
      system.copySystemConfiguration = lib.mkDefault (pkgs.systemConfiguration configuration);
    };

  evaluated = lib.evalModules {
    class = "nixos";
    modules = import ./module-list.nix ++ [ configuration ] ++ lib.optional (builtins.isPath configuration) keepText ++ modules;
    specialArgs = {
      modulesPath = builtins.toString ./.;
      utils = import ./utils.nix { inherit lib; };
    }
    // specialArgs;
  };

  inherit (evaluated) config;
in
{
  inherit (evaluated) config options extendModules type;

  # The package set the configuration chose.
  pkgs = config.nixpkgs.finalPackages;

  # The system closure, after every assertion held.
  system = config.system.build.toplevel;

  # A program that boots this configuration in QEMU.
  vm = config.virtualisation.vmVariant.system.build.vm;

  # A disk image that boots this configuration.
  image =
    (evaluated.extendModules { modules = [ ./virtualisation/disk-image.nix ]; }).config.system.build.image;
}
