# Podman, for containers without a daemon.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.virtualisation.podman;
in
{
  options.virtualisation.podman = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether Podman is there.";
    };

    dockerCompat = mkOption {
      type = types.bool;
      default = false;
      description = "Whether `docker` is Podman too.";
    };

    dockerSocket.enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether Podman answers on Docker's socket.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(cfg.dockerCompat && config.virtualisation.docker.enable);
        message = "virtualisation.podman.dockerCompat and virtualisation.docker.enable both want to be `docker`.";
      }
    ];

    environment.systemPackages = [
      pkgs.podman
      pkgs.netavark
      pkgs.aardvark-dns
      pkgs.uidmap
      pkgs.passt
    ]
    ++ lib.optional cfg.dockerCompat pkgs.podman-docker;
    systemd.enabledUnits = [ "podman.socket" ];
    systemd.tmpfiles.rules = lib.optional cfg.dockerSocket.enable "L+ /run/docker.sock - - - - /run/podman/podman.sock";
  };
}
