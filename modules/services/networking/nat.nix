# Network address translation: machines behind this one reach the world through it.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking.nat;

  forwarding = types.submodule {
    options = {
      sourcePort = mkOption {
        type = types.either types.port types.str;
        description = "The port here, or a range as `2000:2999`.";
      };
      destination = mkOption {
        type = types.str;
        example = "10.0.0.1:80";
        description = "Where its packets go.";
      };
      proto = mkOption {
        type = types.enum [
          "tcp"
          "udp"
        ];
        default = "tcp";
        description = "The protocol.";
      };
    };
  };

  rules = pkgs.render {
    name = "nat.rules";
    template = "iptables-nat.rules.j2";
    context = {
      inherit (cfg)
        internalInterfaces
        internalIPs
        externalInterface
        externalIP
        ;
      forwardPorts = map (rule: rule // { sourcePort = toString rule.sourcePort; }) cfg.forwardPorts;
    };
  };

  jumps = action: ''
    for pair in PREROUTING:osconf-nat-pre POSTROUTING:osconf-nat-post; do
      ${action}
    done
  '';
in
{
  options.networking.nat = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether machines behind this one reach the world through it.";
    };

    internalInterfaces = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "br0" ];
      description = "Interfaces behind which they are.";
    };

    internalIPs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "192.168.1.0/24" ];
      description = "Addresses they have.";
    };

    externalInterface = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "enp0s3";
      description = "The interface to the world.";
    };

    externalIP = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The address they appear under; that of the interface otherwise.";
    };

    forwardPorts = mkOption {
      type = types.listOf forwarding;
      default = [ ];
      example = [
        {
          sourcePort = 8080;
          destination = "10.0.0.1:80";
        }
      ];
      description = "Ports of this machine that lead to one behind it.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ config.networking.firewall.package ];

    boot.kernel.sysctl = {
      "net.ipv4.conf.all.forwarding" = lib.mkOverride 99 true;
      "net.ipv4.conf.default.forwarding" = lib.mkOverride 99 true;
    };

    systemd.services.nat = {
      description = "Network address translation";
      wantedBy = [ "network.target" ];
      after = [ "network-pre.target" "systemd-modules-load.service" ];
      usr = "system";
      reloadIfChanged = true;
      script = ''
        iptables-restore -w --noflush ${rules}
        ${jumps ''iptables -w -t nat -C "''${pair%:*}" -j "''${pair#*:}" 2> /dev/null || iptables -w -t nat -A "''${pair%:*}" -j "''${pair#*:}"''}
      '';
      reload = ''
        iptables-restore -w --noflush ${rules}
      '';
      preStop = ''
        ${jumps ''
          iptables -w -t nat -D "''${pair%:*}" -j "''${pair#*:}" || :
          iptables -w -t nat -F "''${pair#*:}" || :
          iptables -w -t nat -X "''${pair#*:}" || :''}
      '';
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
    };
  };
}
