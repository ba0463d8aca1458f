# Docker, for containers.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.virtualisation.docker;
in
{
  options.virtualisation.docker = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether Docker runs. Members of the group `docker` are as good as root.";
    };

    enableOnBoot = mkOption {
      type = types.bool;
      default = true;
      description = "Whether it starts at boot, and not when it is first asked.";
    };

    daemon.settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = {
        log-driver = "journald";
      };
      description = "Settings of `/etc/docker/daemon.json`.";
    };

    autoPrune = {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether what no container needs is deleted from time to time.";
      };
      dates = mkOption {
        type = types.str;
        default = "weekly";
        description = "When.";
      };
      flags = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "--all" ];
        description = "Arguments of `docker system prune`.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs."docker.io" pkgs.docker-cli ];
    boot.kernelModules = [
      "bridge"
      "veth"
      "br_netfilter"
    ];
    boot.kernel.sysctl."net.ipv4.conf.all.forwarding" = lib.mkOverride 98 true;
    users.groups.docker = { };

    systemd.enabledUnits = [
      "docker.socket"
      "containerd.service"
    ]
    ++ lib.optional cfg.enableOnBoot "docker.service";

    virtualisation.docker.daemon.settings.live-restore = lib.mkDefault true;
    environment.etc."docker/daemon.json".text = builtins.toJSON cfg.daemon.settings;

    systemd.services.docker.reloadTriggers = [ config.environment.etc."docker/daemon.json".source ];

    systemd.services.docker-prune = lib.mkIf cfg.autoPrune.enable {
      description = "Delete what no container needs";
      startAt = cfg.autoPrune.dates;
      usr = "system";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "/usr/bin/docker system prune -f ${lib.escapeShellArgs cfg.autoPrune.flags}";
      };
    };
  };
}
