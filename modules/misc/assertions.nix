# Checks of a configuration as a whole: `assertions` stop it, `warnings` are shown beside it.
{ lib, ... }:

let
  inherit (lib) mkOption types;
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      internal = true;
      default = [ ];
      example = lib.literalExpression ''
        [ { assertion = config.services.nginx.enable; message = "This site needs nginx."; } ]
      '';
      description = ''
        Conditions that must hold for the configuration to mean anything. When `assertion` is false the system is not
        built and `message` is shown.
      '';
    };

    warnings = mkOption {
      type = types.listOf types.str;
      internal = true;
      default = [ ];
      example = [ "The option services.foo.bar has no effect without services.foo.enable." ];
      description = "Texts to show whenever the configuration is evaluated.";
    };
  };
}
