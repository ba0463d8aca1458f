# Telling SSDs which blocks are free.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.fstrim;
in
{
  options.services.fstrim = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether SSDs are told from time to time which blocks are free.";
    };
    interval = mkOption {
      type = types.str;
      default = "weekly";
      description = "How often, as in {manpage}`systemd.time(7)`.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.enabledUnits = [ "fstrim.timer" ];
    systemd.timers.fstrim.timerConfig.OnCalendar = lib.mkIf (cfg.interval != "weekly") [
      ""
      cfg.interval
    ];
  };
}
