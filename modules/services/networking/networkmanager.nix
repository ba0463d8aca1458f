# NetworkManager, for machines that move between networks.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking.networkmanager;
in
{
  options.networking.networkmanager = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether NetworkManager manages interfaces, in place of systemd-networkd.";
    };

    settings = mkOption {
      type = types.attrsOf (types.attrsOf types.raw);
      default = { };
      example = {
        connectivity.enabled = false;
      };
      description = "Settings of {manpage}`NetworkManager.conf(5)`, by section.";
    };

    unmanaged = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "interface-name:br0" ];
      description = "Interfaces that it leaves alone.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.network.enable = false;
    services.resolved.enable = lib.mkDefault true;

    environment.systemPackages = [
      pkgs.network-manager
      pkgs.wpasupplicant
    ];
    users.groups.networkmanager = { };
    systemd.enabledUnits = [
      "NetworkManager.service"
      "NetworkManager-wait-online.service"
      "NetworkManager-dispatcher.service"
    ];

    networking.networkmanager.settings = {
      main = {
        plugins = "keyfile";
        dns = if config.services.resolved.enable then "systemd-resolved" else "default";
      };
      keyfile = lib.mkIf (cfg.unmanaged != [ ]) { unmanaged-devices = lib.concatStringsSep ";" cfg.unmanaged; };
    };

    environment.etc."NetworkManager/conf.d/osconf.conf".source = pkgs.render {
      name = "NetworkManager.conf";
      template = "unit.j2";
      context.sections = lib.mapAttrsToList (name: settings: { inherit name settings; }) cfg.settings;
    };

    systemd.services.NetworkManager.restartTriggers = [
      config.environment.etc."NetworkManager/conf.d/osconf.conf".source
    ];
  };
}
