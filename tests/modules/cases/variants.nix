# A configuration that holds variants of itself, as virtual machines and specialisations do.
{ lib }:
let
  evaluated = lib.evalModules {
    specialArgs.flavour = "plain";
    modules = [
      ({ config, extendModules, moduleType, lib, flavour, ... }: {
        options.memory = lib.mkOption { type = lib.types.int; default = 1; };
        options.name = lib.mkOption { type = lib.types.str; default = flavour; };
        options.doubled = lib.mkOption { type = lib.types.int; default = config.memory * 2; };
        options.variant = lib.mkOption {
          inherit (extendModules { modules = [ { memory = lib.mkDefault 16; } ]; }) type;
          default = { };
          visible = "shallow";
        };
        options.special = lib.mkOption {
          default = { };
          type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: {
            options.configuration = lib.mkOption {
              default = { };
              type = (extendModules { modules = [ { name = lib.mkOverride 0 name; } ]; }).type;
            };
          }));
        };
        options.nested = lib.mkOption { type = lib.types.lazyAttrsOf moduleType; default = { }; };
      })
      { name = "outer"; variant.name = lib.mkForce "inner"; special.small.configuration = { memory = 2; }; nested.x.memory = 5; }
    ];
  };
  pick = c: { inherit (c) memory name doubled; };
in
{
  outer = pick evaluated.config;
  variant = pick evaluated.config.variant;
  special = pick evaluated.config.special.small.configuration;
  nested = pick evaluated.config.nested.x;
}
