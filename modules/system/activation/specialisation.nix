# Variants of a system that are built with it and can be chosen at boot or by a switch.
{ lib, extendModules, ... }:

let
  inherit (lib) mkOption types;

  variant = {
    options.configuration = mkOption {
      default = { };
      description = "What is different in the variant: a module over the configuration it stands in.";
      inherit (extendModules { modules = [ ./no-specialisation.nix ]; }) type;
      visible = "shallow";
    };
  };
in
{
  options.specialisation = mkOption {
    type = types.lazyAttrsOf (types.submodule variant);
    default = { };
    example = lib.literalExpression "{ maintenance.configuration.services.nginx.enable = false; }";
    description = "Variants of the system, by name.";
  };
}
