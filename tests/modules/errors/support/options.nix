{ lib, config, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    services.nginx.enable = lib.mkEnableOption "the nginx web server";
    services.nginx.virtualHosts = mkOption {
      default = { };
      type = types.attrsOf (types.submodule {
        options.root = mkOption { type = types.nullOr types.path; default = null; };
        options.locations = mkOption { default = { }; type = types.attrsOf (types.submodule { options.proxyPass = mkOption { type = types.str; }; }); };
      });
    };
    networking.hostName = mkOption { type = types.str; description = "The name of the machine."; };
    networking.firewall.allowedTCPPorts = mkOption { type = types.listOf types.port; default = [ ]; };
    time.zone = mkOption { type = types.enum [ "UTC" "Europe/Paris" "Europe/Berlin" ]; default = "UTC"; };
    system.build = mkOption { readOnly = true; type = types.str; default = "built by ${config.networking.hostName}"; };
    a = mkOption { type = types.str; };
    b = mkOption { type = types.str; };
    c = mkOption { type = types.str; };
    once = mkOption { type = types.uniq types.int; };
  };
}
