# What of systemd's own units a system runs, and which of them a switch must not disturb.
{ config, lib, pkgs, ... }:

let
  # Sessions, logins and the bus live in these; their processes follow at the next boot.
  keepRunning = {
    restartIfChanged = false;
    overrideStrategy = "asDropin";
  };
in
{
  config = {
    environment.systemPackages = with pkgs; [
      dbus
      kmod
      libnss-systemd
      libpam-systemd
      systemd
      systemd-sysv
      udev
    ];

    systemd = {
      enabledUnits = [
        "getty@.service"
        "remote-fs.target"
      ];

      services = {
        dbus = keepRunning;
        systemd-logind = keepRunning;
        systemd-journal-flush = keepRunning;
        systemd-user-sessions = keepRunning;
        systemd-random-seed = keepRunning;
        "user@" = keepRunning;
        "user-runtime-dir@" = keepRunning;
        "getty@" = keepRunning;
        "serial-getty@" = keepRunning;
        "container-getty@" = keepRunning;

        # /etc and /var belong to a generation already when PID 1 starts.
        systemd-firstboot.enable = false;
        systemd-sysusers.enable = false;
        ldconfig.enable = false;
        systemd-hwdb-update.enable = false;
        systemd-journal-catalog-update.enable = false;

        osconf-boot-complete = {
          description = "Mark this generation as one that boots";
          after = [ "multi-user.target" ];
          wantedBy = [ "multi-user.target" ];
          unitConfig.DefaultDependencies = true;
          usr = "system";
          restartIfChanged = false;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "/osconf/current-system/activate bless-boot";
          };
        };
      };
    };

    environment.etc."systemd/system.conf".source = pkgs.render {
      name = "system.conf";
      template = "unit.j2";
      context.sections = [
        {
          name = "Manager";
          settings = config.systemd.settings.Manager;
        }
      ];
    };
  };

  options.systemd.settings.Manager = lib.mkOption {
    type = lib.types.attrsOf (import ./unit-options.nix { inherit lib; }).setting;
    default = { };
    example = {
      RuntimeWatchdogSec = "30s";
    };
    description = "Settings of the system manager, see {manpage}`systemd-system.conf(5)`.";
  };
}
