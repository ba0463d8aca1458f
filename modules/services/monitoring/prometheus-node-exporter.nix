# What the machine is doing, for Prometheus.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.prometheus.exporters.node;
in
{
  options.services.prometheus.exporters.node = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether measurements of the machine are offered.";
    };
    port = mkOption {
      type = types.port;
      default = 9100;
      description = "The port.";
    };
    listenAddress = mkOption {
      type = types.str;
      default = "0.0.0.0";
      description = "The address.";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the port is open in the firewall.";
    };
    enabledCollectors = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "systemd" ];
      description = "Measurements beside the usual ones.";
    };
    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "More arguments.";
    };
  };

  config = lib.mkIf cfg.enable {
    networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall cfg.port;

    systemd.services.prometheus-node-exporter = {
      description = "Measurements of the machine for Prometheus";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      serviceConfig = {
        ExecStart = lib.concatStringsSep " " (
          [
            "${pkgs.prometheus-node-exporter}/bin/prometheus-node-exporter"
            "--web.listen-address=${cfg.listenAddress}:${toString cfg.port}"
          ]
          ++ map (name: "--collector.${name}") cfg.enabledCollectors
          ++ cfg.extraFlags
        );
        DynamicUser = true;
        Restart = "always";
        ProtectSystem = "strict";
        NoNewPrivileges = true;
      };
    };
  };
}
