# nginx: hosts, locations, encryption, servers behind it.
# show: config.system.build.nginxConfiguration
# show: config.systemd.units."nginx.service".unit
# value: config.networking.firewall.allowedTCPPorts
{
  networking.firewall.allowedTCPPorts = [
    80
    443
  ];
  services.nginx = {
    enable = true;
    recommendedProxySettings = true;
    recommendedGzipSettings = true;
    recommendedOptimisation = true;
    recommendedTlsSettings = true;
    upstreams.app.servers = {
      "127.0.0.1:3000".weight = 2;
      "127.0.0.1:3001".backup = true;
    };
    virtualHosts = {
      "example.org" = {
        default = true;
        serverAliases = [ "www.example.org" ];
        root = "/srv/site";
        locations = {
          "/api/" = {
            proxyPass = "http://app";
            proxyWebsockets = true;
          };
          "= /health".return = "204";
          "~ \\.php$" = {
            priority = 500;
            extraConfig = "deny all;";
          };
        };
      };
      "secure.example.org" = {
        forceSSL = true;
        sslCertificate = "/var/lib/certificates/secure.pem";
        sslCertificateKey = "/var/lib/certificates/secure.key";
        locations."/".tryFiles = "$uri =404";
      };
      "old.example.org".globalRedirect = "example.org";
      local.listen = [
        {
          addr = "127.0.0.1";
          port = 8080;
          extraParameters = [ "reuseport" ];
        }
      ];
    };
  };
}
