# A unit as systemd sees it: a file, what starts it, and how it stands to the unit of a package.
{ lib, pkgs }:

let
  inherit (lib) mkOption types;
in
types.submodule (
  { name, config, ... }:
  {
    options = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the unit may run. `false` masks it.";
      };
      text = mkOption {
        type = types.nullOr types.lines;
        default = null;
        description = "The unit file.";
      };
      unit = mkOption {
        type = types.nullOr types.package;
        default = if config.text == null then null else pkgs.writeText "unit-${lib.strings.sanitizeDerivationName name}" config.text;
        defaultText = lib.literalMD "a file of {option}`text`";
        description = "The unit file, as a store path.";
      };
      overrideStrategy = mkOption {
        type = types.enum [
          "asDropinIfExists"
          "asDropin"
          "asFile"
        ];
        default = "asDropinIfExists";
        description = "Whether the file replaces the unit of that name from a package or adds to it.";
      };
      usr = mkOption {
        type = types.enum [
          "own"
          "system"
        ];
        default = "system";
        internal = true;
        description = "Which `/usr` the unit's processes see.";
      };
      environment = mkOption {
        type = types.nullOr types.package;
        default = null;
        internal = true;
        description = "The environment of a service that has its own.";
      };
      wantedBy = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that start this one.";
      };
      requiredBy = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that start this one and fail with it.";
      };
      upheldBy = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that keep this one running.";
      };
      aliases = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "More names of the unit.";
      };
    };
  }
)
