# Virtual hosts of nginx whose certificates security.acme fetches.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.nginx;

  nameOf = name: host: if host.serverName == null then name else host.serverName;
  asking = lib.filterAttrs (_: host: host.enableACME) cfg.virtualHosts;

  certificateOf = name: host: if host.useACMEHost != null then host.useACMEHost else nameOf name host;

  host =
    { name, config, ... }:
    let
      directory = "/var/lib/acme/${certificateOf name config}";
    in
    {
      options = {
        enableACME = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the host's certificate comes from {option}`security.acme`.";
        };
        useACMEHost = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The certificate of {option}`security.acme.certs` that the host uses.";
        };
        acmeRoot = mkOption {
          type = types.nullOr types.str;
          default = "/var/lib/acme/acme-challenge";
          description = "From where the host answers the authority; `null` where it is asked by other means.";
        };
      };

      config = lib.mkIf (config.enableACME || config.useACMEHost != null) {
        sslCertificate = lib.mkDefault "${directory}/fullchain.pem";
        sslCertificateKey = lib.mkDefault "${directory}/key.pem";
        locations."^~ /.well-known/acme-challenge/" = lib.mkIf (config.acmeRoot != null) {
          root = config.acmeRoot;
          priority = 100;
          extraConfig = "auth_basic off;";
        };
      };
    };
in
{
  options.services.nginx.virtualHosts = mkOption { type = types.attrsOf (types.submodule host); };

  config = lib.mkIf cfg.enable {
    security.acme.certs = lib.mapAttrs' (
      name: value:
      lib.nameValuePair (nameOf name value) {
        webroot = lib.mkIf (value.acmeRoot != null) (lib.mkDefault value.acmeRoot);
        group = lib.mkDefault cfg.group;
        extraDomainNames = value.serverAliases;
        reloadServices = [ "nginx.service" ];
      }
    ) asking;

    systemd.services.nginx =
      let
        certificates = lib.unique (
          lib.mapAttrsToList certificateOf (
            lib.filterAttrs (_: value: value.enableACME || value.useACMEHost != null) cfg.virtualHosts
          )
        );
        units = map (name: "acme-selfsigned-${name}.service") certificates;
      in
      {
        wants = units;
        after = units;
      };
  };
}
