# The store for users who may not write it.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.osconf.daemon;
in
{
  options.osconf.daemon = {
    enable = mkOption {
      type = types.bool;
      default = config.osconf.enable;
      defaultText = lib.literalExpression "config.osconf.enable";
      example = false;
      description = ''
        Whether users build and install without being root, through a daemon that does it for them. Who may is said by
        `osconf.settings.allowed-users`, who is as good as root by `osconf.settings.trusted-users`.
      '';
    };

    idleSeconds = mkOption {
      type = types.ints.positive;
      default = 300;
      description = "After how many seconds without users the daemon ends. The next user starts it again.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.osconf.enable;
        message = "osconf.daemon.enable needs osconf in the system: set osconf.enable.";
      }
    ];

    systemd.sockets.osconf-daemon = {
      description = "Store for all users";
      wantedBy = [ "sockets.target" ];
      listenStreams = [ "/run/osconf/store.sock" ];
      # Everybody may connect; the daemon knows who it is and decides.
      socketConfig = {
        SocketMode = "0666";
        DirectoryMode = "0755";
      };
    };

    systemd.services.osconf-daemon = {
      description = "Store for all users";
      requires = [ "osconf-daemon.socket" ];
      after = [ "osconf-daemon.socket" ];
      # It makes and enters environments, and its builds outlast switches.
      usr = "system";
      unitConfig.RequiresMountsFor = [ "/osconf/store" ];
      serviceConfig = {
        ExecStart = "/usr/bin/osconf daemon --idle-exit ${toString cfg.idleSeconds}";
        # Each user has a process of their own, which goes on when the daemon is started anew.
        KillMode = "process";
        Nice = 5;
        OOMPolicy = "continue";
        LimitNOFILE = 1048576;
        TasksMax = "infinity";
      };
    };
  };
}
