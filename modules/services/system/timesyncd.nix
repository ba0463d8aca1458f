# The clock, set from the network.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.timesyncd;
in
{
  options = {
    networking.timeServers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "ntp.example.org" ];
      description = "Servers that know the time. Empty leaves those the package names.";
    };

    services.timesyncd = {
      enable = mkOption {
        type = types.bool;
        default = !config.boot.isContainer;
        defaultText = lib.literalExpression "!config.boot.isContainer";
        description = "Whether systemd-timesyncd sets the clock.";
      };

      servers = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = config.networking.timeServers;
        defaultText = lib.literalExpression "config.networking.timeServers";
        description = "Servers that know the time.";
      };

      fallbackServers = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        description = "Servers to ask when there are no others.";
      };

      extraConfig = mkOption {
        type = types.lines;
        default = "";
        description = "More lines of {manpage}`timesyncd.conf(5)`.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.systemd-timesyncd ];
    systemd.enabledUnits = [ "systemd-timesyncd.service" ];

    environment.etc."systemd/timesyncd.conf".source = pkgs.render {
      name = "timesyncd.conf";
      template = "networkd.j2";
      context = {
        sections = [
          {
            name = "Time";
            settings =
              lib.optionalAttrs (cfg.servers != null && cfg.servers != [ ]) {
                NTP = lib.concatStringsSep " " cfg.servers;
              }
              // lib.optionalAttrs (cfg.fallbackServers != null) {
                FallbackNTP = lib.concatStringsSep " " cfg.fallbackServers;
              };
          }
        ];
        inherit (cfg) extraConfig;
      };
    };

    systemd.services.systemd-timesyncd.restartTriggers = [ config.environment.etc."systemd/timesyncd.conf".source ];
  };
}
