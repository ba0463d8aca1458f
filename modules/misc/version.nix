# Which release of osconf and of the archive a system is made from, and what it calls itself.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.system;
in
{
  options.system = {
    stateVersion = mkOption {
      type = types.str;
      default = cfg.osconf.release;
      defaultText = lib.literalExpression "config.system.osconf.release";
      example = "0.1";
      description = ''
        The release this machine was first installed with. Modules keep the layout of their state (data directories,
        database versions) as that release had it. Do not change it on an upgrade.
      '';
    };

    name = mkOption {
      type = types.str;
      default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "The name of the system, part of the name of its store path.";
    };

    label = mkOption {
      type = types.strMatching "[a-zA-Z0-9:_\\.-]*";
      default = lib.concatStringsSep "-" (lib.sort (a: b: a < b) cfg.tags ++ [ cfg.osconf.release ]);
      defaultText = lib.literalMD "the tags and the release";
      example = "before-the-upgrade";
      description = "What the boot menu and `osconf generations` show beside the number of the generation.";
    };

    tags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "with-new-kernel" ];
      description = "Words that go in front of the default {option}`system.label`.";
    };

    osconf = {
      release = mkOption {
        type = types.str;
        readOnly = true;
        description = "The release of osconf that evaluates this configuration.";
      };
      codeName = mkOption {
        type = types.str;
        readOnly = true;
        description = "The suite of the archive that the release is made for.";
      };
    };
  };

  config = {
    system.osconf = {
      release = "0.1";
      codeName = "trixie";
    };

    environment.etc = {
      "os-release".source = pkgs.render {
        name = "os-release";
        template = "os-release.j2";
        context = {
          inherit (cfg.osconf) release codeName;
          inherit (cfg) label;
        };
      };
      "osconf-version".text = "${cfg.osconf.release}\n";
    };
  };
}
