# Files and directories that are made, cleaned or removed at boot and at a switch.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.systemd.tmpfiles;

  field =
    description:
    mkOption {
      type = types.str;
      default = "-";
      inherit description;
    };

  rule = types.submodule (
    { name, ... }:
    {
      options = {
        type = mkOption {
          type = types.str;
          default = name;
          example = "d";
          description = "What to do, see {manpage}`tmpfiles.d(5)`.";
        };
        mode = field "The access mode.";
        user = field "The owner.";
        group = field "The group.";
        age = field "From which age on content is cleaned.";
        argument = mkOption {
          type = types.str;
          default = "";
          description = "The argument, whose meaning depends on the type.";
        };
      };
    }
  );

  flatten =
    paths:
    lib.concatLists (
      lib.mapAttrsToList (path: rules: lib.mapAttrsToList (_: rule: rule // { inherit path; }) rules) paths
    );
in
{
  options.systemd.tmpfiles = {
    rules = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "d /srv/site 0755 www-data www-data -" ];
      description = "Lines of {manpage}`tmpfiles.d(5)`.";
    };

    settings = mkOption {
      type = types.attrsOf (types.attrsOf (types.attrsOf rule));
      default = { };
      example = {
        "10-site"."/srv/site".d = {
          mode = "0755";
          user = "www-data";
        };
      };
      description = "Rules by file, path and type.";
    };
  };

  config.environment.etc = {
    "tmpfiles.d/00-osconf.conf".source = pkgs.writeText "00-osconf.conf" (
      lib.concatMapStrings (line: "${line}\n") cfg.rules
    );
  }
  // lib.mapAttrs' (
    name: paths:
    lib.nameValuePair "tmpfiles.d/${name}.conf" {
      source = pkgs.render {
        name = "${name}.conf";
        template = "tmpfiles.j2";
        context.rules = flatten paths;
      };
    }
  ) cfg.settings;
}
