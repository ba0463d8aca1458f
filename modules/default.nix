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
  evaluated = lib.evalModules {
    class = "nixos";
    modules = import ./module-list.nix ++ [ configuration ] ++ modules;
    specialArgs = {
      modulesPath = builtins.toString ./.;
      utils = import ./utils.nix { inherit lib; };
    }
    // specialArgs;
  };

  inherit (evaluated) config;

  variant =
    module: name: (evaluated.extendModules { modules = [ module ]; }).config.system.build.${name};
in
{
  inherit (evaluated) config options extendModules type;

  # The package set the configuration chose.
  pkgs = config.nixpkgs.finalPackages;

  # The system closure, after every assertion held.
  system = config.system.build.toplevel;

  # A program that boots this configuration in QEMU.
  vm = variant ./virtualisation/qemu-vm.nix "vm";

  # A disk image that boots this configuration.
  image = variant ./virtualisation/disk-image.nix "image";
}
