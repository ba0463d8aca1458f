# /etc: the files a configuration declares, over those that packages bring.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;

  entries = lib.filter (entry: entry.enable) (lib.attrValues config.environment.etc);

  file =
    { name, config, options, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file is made. `false` also takes away a package's file of this name.";
        };

        target = mkOption {
          type = types.str;
          default = name;
          description = "The path below `/etc`.";
        };

        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "The content.";
        };

        source = mkOption {
          type = types.path;
          description = "The file or directory whose content it has.";
        };

        mode = mkOption {
          type = types.str;
          default = "symlink";
          example = "0600";
          description = ''
            `symlink` for a link to the content; `direct-symlink` for a link that is exactly {option}`source`; an octal
            mode for a copy with that mode, which other programs may then write to until the next switch.
          '';
        };

        user = mkOption {
          type = types.str;
          default = "+${toString config.uid}";
          defaultText = "the user with the given uid";
          description = "The owner of a copy: a name, or `+` and a number.";
        };

        group = mkOption {
          type = types.str;
          default = "+${toString config.gid}";
          defaultText = "the group with the given gid";
          description = "The group of a copy: a name, or `+` and a number.";
        };

        uid = mkOption {
          type = types.int;
          default = 0;
          description = "The owner of a copy, as a number.";
        };

        gid = mkOption {
          type = types.int;
          default = 0;
          description = "The group of a copy, as a number.";
        };
      };

      config = {
        target = lib.mkDefault name;
        source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText (lib.strings.sanitizeDerivationName "etc-${baseNameOf name}"))
        );
      };
    };

  describe = entry: {
    path = entry.target;
    source = "${entry.source}";
    inherit (entry) mode user group;
  };

  removed = map (entry: entry.target) (lib.filter (entry: !entry.enable) (lib.attrValues config.environment.etc));
in
{
  options.environment.etc = mkOption {
    type = types.attrsOf (types.submodule file);
    default = { };
    example = lib.literalExpression ''
      {
        "motd".text = "Mind the gap.\n";
        "app/secret.conf" = { source = ./app.conf; mode = "0640"; group = "www-data"; };
      }
    '';
    description = "Files and directories in `/etc`, by their path below it.";
  };

  config.system.build.etc = derivation {
    name = "etc";
    inherit (pkgs) system;
    builder = "builtin:system-etc";
    builderVersion = pkgs.builderVersions.system-etc;
    environment = "${config.system.build.environment}";
    entries = builtins.toJSON (map describe entries);
    removed = builtins.toJSON removed;
    # Not entries of environment.etc, whose packages join the environment: units are made from the environment.
    directories = builtins.toJSON {
      "systemd/system" = "${config.system.build.units}";
      "systemd/user" = "${config.system.build.userUnits}";
    };
  };
}
