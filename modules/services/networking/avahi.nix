# Avahi: names and services of the local network.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.avahi;
in
{
  options.services.avahi = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the machine takes part in multicast DNS.";
    };
    nssmdns4 = mkOption {
      type = types.bool;
      default = false;
      description = "Whether programs can look up names ending in `.local`.";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = true;
      description = "Whether its port is open in the firewall.";
    };
    publish = {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether others learn about this machine.";
      };
      addresses = mkOption {
        type = types.bool;
        default = false;
        description = "Whether they learn its addresses.";
      };
      workstation = mkOption {
        type = types.bool;
        default = false;
        description = "Whether they learn that it is a workstation.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.avahi-daemon ] ++ lib.optional cfg.nssmdns4 pkgs.libnss-mdns;
    systemd.serviceEnvironmentPackages = lib.optional cfg.nssmdns4 pkgs.libnss-mdns;
    systemd.enabledUnits = [ "avahi-daemon.service" ];
    networking.firewall.allowedUDPPorts = lib.optional cfg.openFirewall 5353;

    systemd.tmpfiles.rules = [ "d /etc/avahi/services 0755 root root -" ];

    environment.etc."avahi/avahi-daemon.conf".source = pkgs.render {
      name = "avahi-daemon.conf";
      template = "unit.j2";
      context.sections = [
        {
          name = "server";
          settings = {
            use-ipv4 = "yes";
            use-ipv6 = if config.networking.enableIPv6 then "yes" else "no";
            ratelimit-interval-usec = 1000000;
            ratelimit-burst = 1000;
          };
        }
        {
          name = "publish";
          settings = {
            disable-publishing = if cfg.publish.enable then "no" else "yes";
            publish-addresses = if cfg.publish.addresses then "yes" else "no";
            publish-workstation = if cfg.publish.workstation then "yes" else "no";
          };
        }
      ];
    };
    systemd.services.avahi-daemon.restartTriggers = [ config.environment.etc."avahi/avahi-daemon.conf".source ];
  };
}
