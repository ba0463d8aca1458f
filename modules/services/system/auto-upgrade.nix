# The system renews itself from time to time.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.system.autoUpgrade;
in
{
  options.system.autoUpgrade = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the system takes new packages and switches to them by itself.";
    };

    operation = mkOption {
      type = types.enum [
        "switch"
        "boot"
      ];
      default = "switch";
      description = "Whether they take effect at once or at the next boot.";
    };

    securityOnly = mkOption {
      type = types.bool;
      default = false;
      description = "Whether only security updates are taken.";
    };

    dates = mkOption {
      type = types.str;
      default = "04:40";
      description = "When, as in {manpage}`systemd.time(7)`.";
    };

    randomizedDelaySec = mkOption {
      type = types.str;
      default = "0";
      description = "How far the time may be off.";
    };

    persistent = mkOption {
      type = types.bool;
      default = true;
      description = "Whether a time at which the machine was off is caught up on.";
    };

    allowReboot = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the machine restarts when the kernel is a new one.";
    };

    flags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "More arguments of the operation.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.osconf.enable;
        message = "system.autoUpgrade needs osconf in the system: set osconf.enable.";
      }
    ];

    systemd.services.osconf-upgrade = {
      description = "Take new packages and switch to them";
      startAt = cfg.dates;
      after = [ "network-online.target" ];
      wants = [ "network-online.target" ];
      usr = "system";
      # It is what a switch runs in.
      restartIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      environment.HOME = "/root";
      script = ''
        /usr/bin/osconf lock update ${lib.optionalString cfg.securityOnly "--security-only"}
        /usr/bin/osconf ${cfg.operation} ${lib.escapeShellArgs cfg.flags}
        ${lib.optionalString cfg.allowReboot ''
          if ! [ /run/booted-system/kernel -ef /osconf/var/profiles/system/kernel ]; then
            systemctl reboot
          fi
        ''}
      '';
      serviceConfig.Type = "oneshot";
    };

    systemd.timers.osconf-upgrade.timerConfig = {
      Persistent = cfg.persistent;
      RandomizedDelaySec = cfg.randomizedDelaySec;
    };
  };
}
