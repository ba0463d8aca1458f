# A root shell on a port of the virtual machine, through which tests drive it.
{ config, lib, ... }:

let
  cfg = config.virtualisation.testShell;
  device = "dev-virtio\\x2dports-osconf.shell.device";
in
{
  options.virtualisation.testShell.enable = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = "Whether whoever starts the virtual machine gets a root shell without a password. For tests.";
  };

  config = lib.mkIf cfg.enable {
    boot.initrd.kernelModules = [ "virtio_console" ];

    systemd.services.osconf-test-shell = {
      description = "Root shell for tests";
      # The device too: on a slow machine it may come after systemd gave up waiting.
      wantedBy = [
        "multi-user.target"
        device
      ];
      bindsTo = [ device ];
      after = [ device ];
      restartIfChanged = false;
      usr = "system";
      environment = {
        HOME = "/root";
        PATH = "/run/wrappers/bin:/usr/bin:/usr/sbin";
      };
      script = ''
        cd /root
        # A port can be opened once.
        exec 0<> /dev/virtio-ports/osconf.shell
        exec 1>&0 2>&1
        echo "osconf-shell ready"
        exec /usr/bin/bash --noprofile --norc
      '';
      serviceConfig = {
        # A test ends its commands itself; a command that hangs must not hold up the shutdown.
        KillSignal = "SIGHUP";
        Restart = "always";
        TimeoutStopSec = 2;
      };
    };
  };
}
