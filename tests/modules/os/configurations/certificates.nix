# Certificates that an authority gives, and the web server that uses them.
# show: config.system.build.nginxConfiguration
# show: config.systemd.units."acme-example.org.service".unit
# show: config.systemd.units."acme-example.org.timer".unit
# value: config.security.acme.certs."example.org".extraDomainNames
# value: config.systemd.services.nginx.after
{
  security.acme = {
    acceptTerms = true;
    defaults.email = "admin@example.org";
  };
  services.nginx = {
    enable = true;
    virtualHosts."example.org" = {
      serverAliases = [ "www.example.org" ];
      forceSSL = true;
      enableACME = true;
      root = "/srv/site";
    };
  };
}
