# Prometheus, which collects measurements.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.prometheus;

  # JSON is YAML.
  configFile = pkgs.writeText "prometheus.yml" (
    builtins.toJSON {
      global = lib.filterAttrs (_: value: value != null) cfg.globalConfig;
      scrape_configs = cfg.scrapeConfigs;
      rule_files = map toString cfg.ruleFiles;
    }
  );
in
{
  options.services.prometheus = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run Prometheus.";
    };
    port = mkOption {
      type = types.port;
      default = 9090;
      description = "The port.";
    };
    listenAddress = mkOption {
      type = types.str;
      default = "0.0.0.0";
      description = "The address.";
    };
    retentionTime = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "90d";
      description = "How long measurements are kept.";
    };
    globalConfig = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = {
        scrape_interval = "15s";
      };
      description = "Settings of the `global` section.";
    };
    scrapeConfigs = mkOption {
      type = types.listOf (types.attrsOf types.anything);
      default = [ ];
      example = [
        {
          job_name = "node";
          static_configs = [ { targets = [ "localhost:9100" ]; } ];
        }
      ];
      description = "What is measured.";
    };
    ruleFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
      description = "Files of rules.";
    };
    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "More arguments.";
    };
  };

  config = lib.mkIf cfg.enable {
    users.users.prometheus = {
      isSystemUser = true;
      group = "prometheus";
      description = "Prometheus";
      home = "/var/lib/prometheus";
    };
    users.groups.prometheus = { };

    systemd.services.prometheus = {
      description = "Prometheus";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      serviceConfig = {
        ExecStart = lib.concatStringsSep " " (
          [
            "${pkgs.prometheus}/bin/prometheus"
            "--config.file=${configFile}"
            "--storage.tsdb.path=/var/lib/prometheus"
            "--web.listen-address=${cfg.listenAddress}:${toString cfg.port}"
          ]
          ++ lib.optional (cfg.retentionTime != null) "--storage.tsdb.retention.time=${cfg.retentionTime}"
          ++ cfg.extraFlags
        );
        User = "prometheus";
        Group = "prometheus";
        StateDirectory = "prometheus";
        StateDirectoryMode = "0700";
        Restart = "always";
        ProtectSystem = "strict";
        ProtectHome = true;
        NoNewPrivileges = true;
        PrivateTmp = true;
      };
    };
  };
}
