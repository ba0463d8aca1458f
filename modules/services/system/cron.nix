# cron, for tables that exist already; timers of systemd do the same.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.cron;
in
{
  options.services.cron = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether cron runs.";
    };

    systemCronJobs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "0 3 * * * root /usr/local/bin/backup" ];
      description = "Lines of a crontab with users.";
    };

    mailto = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "Who gets what jobs print.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.cron ];
    systemd.enabledUnits = [ "cron.service" ];
    # cron refuses tables that are links.
    environment.etc."cron.d/osconf" = {
      mode = "0644";
      text =
        "SHELL=/bin/bash\nPATH=/run/wrappers/bin:/usr/sbin:/usr/bin\n"
        + lib.optionalString (cfg.mailto != null) "MAILTO=${cfg.mailto}\n"
        + lib.concatMapStrings (line: "${line}\n") cfg.systemCronJobs;
    };
  };
}
