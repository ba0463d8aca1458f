# The journal.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.journald;
in
{
  options.services.journald = {
    storage = mkOption {
      type = types.enum [
        "persistent"
        "volatile"
        "auto"
        "none"
      ];
      default = "persistent";
      description = "Where messages are kept: on disk, in memory, on disk if there is room, nowhere.";
    };

    rateLimitInterval = mkOption {
      type = types.str;
      default = "30s";
      description = "The time in which a service may log {option}`services.journald.rateLimitBurst` messages.";
    };

    rateLimitBurst = mkOption {
      type = types.int;
      default = 10000;
      description = "How many messages of a service are kept in an interval.";
    };

    console = mkOption {
      type = types.str;
      default = "";
      example = "/dev/tty12";
      description = "A console that messages are shown on.";
    };

    forwardToSyslog = mkOption {
      type = types.bool;
      default = false;
      description = "Whether messages are handed to another logging service.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      example = "SystemMaxUse=500M";
      description = "More lines of {manpage}`journald.conf(5)`.";
    };
  };

  config = {
    environment.etc."systemd/journald.conf".source = pkgs.render {
      name = "journald.conf";
      template = "networkd.j2";
      context = {
        sections = [
          {
            name = "Journal";
            settings = {
              Storage = cfg.storage;
              RateLimitInterval = cfg.rateLimitInterval;
              RateLimitBurst = cfg.rateLimitBurst;
              ForwardToSyslog = cfg.forwardToSyslog;
            }
            // lib.optionalAttrs (cfg.console != "") {
              ForwardToConsole = true;
              TTYPath = cfg.console;
            };
          }
        ];
        inherit (cfg) extraConfig;
      };
    };

    systemd.services.systemd-journald = {
      restartTriggers = [ config.environment.etc."systemd/journald.conf".source ];
      # A stop would lose what is logged in between.
      stopIfChanged = false;
    };
  };
}
