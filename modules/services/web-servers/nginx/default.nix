# nginx, a web server and proxy.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.nginx;

  vhost = import ./vhost-options.nix { inherit lib; };

  isEncrypted = host: host.addSSL || host.onlySSL || host.forceSSL;

  listenOn =
    host: addresses: ssl:
    map (addr: {
      inherit addr ssl;
      port = if ssl then cfg.defaultSSLListenPort else cfg.defaultHTTPListenPort;
      extraParameters = [ ];
    }) addresses;

  everywhere = [
    "0.0.0.0"
  ]
  ++ lib.optional config.networking.enableIPv6 "[::]";

  addressesOf = host: if host.listenAddresses != [ ] then host.listenAddresses else everywhere;

  plainListen = host: lib.optionals (!host.onlySSL) (listenOn host (addressesOf host) false);
  encryptedListen = host: lib.optionals (isEncrypted host) (listenOn host (addressesOf host) true);

  listenOf = host: if host.listen != [ ] then host.listen else plainListen host ++ encryptedListen host;

  # What a host forces to encryption it answers without, for that one purpose.
  describeHost =
    name: host:
    {
      name = if host.serverName == null then name else host.serverName;
      aliases = host.serverAliases;
      listen = if host.forceSSL then lib.filter (value: value.ssl) (listenOf host) else listenOf host;
      redirectFrom = if host.forceSSL then lib.filter (value: !value.ssl) (listenOf host) else [ ];
      isEncrypted = isEncrypted host;
      locations = map describeLocation (
        lib.sort (a: b: a.priority < b.priority) (
          lib.mapAttrsToList (path: value: value // { inherit path; }) host.locations
        )
      );
      inherit (host)
        default
        http2
        globalRedirect
        redirectCode
        extraConfig
        ;
      root = text host.root;
      sslCertificate = text host.sslCertificate;
      sslCertificateKey = text host.sslCertificateKey;
      basicAuthFile = text host.basicAuthFile;
    };

  text = path: if path == null then null else "${path}";

  describeLocation = value: {
    inherit (value)
      path
      proxyPass
      proxyWebsockets
      index
      tryFiles
      return
      extraConfig
      ;
    root = text value.root;
    alias = text value.alias;
    basicAuthFile = text value.basicAuthFile;
    fastcgiParams = lib.mapAttrs (_: toString) value.fastcgiParams;
    tellsProxied =
      value.proxyPass != null
      && (if value.recommendedProxySettings == null then cfg.recommendedProxySettings else value.recommendedProxySettings);
  };

  written = pkgs.render {
    name = "nginx.conf";
    template = "nginx.conf.j2";
    context = {
      inherit (cfg)
        user
        group
        logError
        eventsConfig
        appendConfig
        prependConfig
        commonHttpConfig
        appendHttpConfig
        httpConfig
        clientMaxBodySize
        serverTokens
        recommendedOptimisation
        recommendedGzipSettings
        recommendedTlsSettings
        recommendedProxySettings
        proxyTimeout
        sslProtocols
        sslCiphers
        sslDhparam
        ;
      # Next to the package's own configuration, which the service does not see in /etc.
      etc = "${pkgs.nginx-common.contents}/etc/nginx";
      upstreams = lib.mapAttrs (_: upstream: {
        servers = lib.mapAttrs (_: parameters: parameters) upstream.servers;
        inherit (upstream) extraConfig;
      }) cfg.upstreams;
      hosts = lib.mapAttrsToList describeHost cfg.virtualHosts;
    };
  };

  configFile = if cfg.config != "" then pkgs.writeText "nginx.conf" cfg.config else written;

  # Certificates and password files are on the machine, not in the sandbox: such a configuration is checked at start.
  isCheckable =
    cfg.validateConfigFile
    && lib.all (host: !isEncrypted host && host.basicAuthFile == null) (lib.attrValues cfg.virtualHosts);

  checked =
    pkgs.runCommand "nginx.conf-checked"
      {
        nativeBuildInputs = [ cfg.package ];
        # The check binds the ports, which may be low ones.
        requiredSystemFeatures = [ "uid-range" ];
        inherit configFile;
      }
      ''
        # The sandbox has no accounts but its own.
        sed -e 's/^user .*;$/user root root;/' -e "s|/run/nginx/|$PWD/|g" -e "s|/var/log/nginx/|$PWD/|g" \
          -e "s|/var/lib/nginx/|$PWD/|g" $configFile > nginx.conf
        /usr/sbin/nginx -t -e stderr -c $PWD/nginx.conf
        cp $configFile $out
      '';

  finalConfig = if isCheckable then checked else configFile;
in
{
  options.services.nginx = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run nginx.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs.nginx;
      defaultText = lib.literalExpression "pkgs.nginx";
      description = "The nginx to run.";
    };

    virtualHosts = mkOption {
      type = types.attrsOf (types.submodule vhost);
      default = { };
      example = lib.literalExpression ''
        { "example.org" = { root = "/srv/site"; locations."/api/".proxyPass = "http://localhost:3000"; }; }
      '';
      description = "Virtual hosts, by name.";
    };

    upstreams = mkOption {
      type = types.attrsOf (
        types.submodule {
          options = {
            servers = mkOption {
              type = types.attrsOf (types.attrsOf (types.oneOf [ types.bool types.int types.str ]));
              default = { };
              example = {
                "127.0.0.1:8000".weight = 2;
              };
              description = "Servers, by address, with parameters.";
            };
            extraConfig = mkOption {
              type = types.lines;
              default = "";
              description = "More lines of the block.";
            };
          };
        }
      );
      default = { };
      description = "Groups of servers that locations can name in `proxyPass`.";
    };

    recommendedOptimisation = mkOption {
      type = types.bool;
      default = false;
      description = "Whether files and small packets are sent in the quickest way.";
    };
    recommendedGzipSettings = mkOption {
      type = types.bool;
      default = false;
      description = "Whether text is compressed.";
    };
    recommendedTlsSettings = mkOption {
      type = types.bool;
      default = false;
      description = "Whether encryption is limited to what is safe today.";
    };
    recommendedProxySettings = mkOption {
      type = types.bool;
      default = false;
      description = "Whether servers behind a proxy are told who asks, for which name and how.";
    };

    defaultHTTPListenPort = mkOption {
      type = types.port;
      default = 80;
      description = "The port of hosts that do not say.";
    };
    defaultSSLListenPort = mkOption {
      type = types.port;
      default = 443;
      description = "The port of encrypted hosts that do not say.";
    };

    proxyTimeout = mkOption {
      type = types.str;
      default = "60s";
      description = "How long a server behind a proxy may take.";
    };

    clientMaxBodySize = mkOption {
      type = types.str;
      default = "10m";
      description = "How large a request may be.";
    };

    serverTokens = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the version of nginx is told.";
    };

    sslProtocols = mkOption {
      type = types.str;
      default = "TLSv1.2 TLSv1.3";
      description = "Versions of encryption.";
    };
    sslCiphers = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "Ways of encryption before TLS 1.3.";
    };
    sslDhparam = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file with parameters for Diffie-Hellman.";
    };

    user = mkOption {
      type = types.str;
      default = "www-data";
      description = "The account nginx runs as.";
    };
    group = mkOption {
      type = types.str;
      default = "www-data";
      description = "The group nginx runs as.";
    };

    logError = mkOption {
      type = types.str;
      default = "stderr";
      description = "Where errors are logged; `stderr` is the journal.";
    };

    prependConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines in front of all others.";
    };
    appendConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines after all others.";
    };
    eventsConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines of the `events` block.";
    };
    commonHttpConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines in front of the virtual hosts.";
    };
    appendHttpConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines after the virtual hosts.";
    };
    httpConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines that stand in place of the virtual hosts.";
    };
    config = mkOption {
      type = types.str;
      default = "";
      description = "The whole file, in place of what the other options say.";
    };

    enableReload = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a change of the configuration reloads nginx in place of a restart.";
    };

    preStart = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands to run before nginx starts.";
    };

    validateConfigFile = mkOption {
      type = types.bool;
      default = true;
      description = "Whether `nginx -t` reads the file when the system is built.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.concatLists (
      lib.mapAttrsToList (name: host: [
        {
          assertion = lib.count (isSet: isSet) [ host.addSSL host.onlySSL host.forceSSL ] <= 1;
          message = ''services.nginx.virtualHosts."${name}" can set only one of addSSL, onlySSL and forceSSL.'';
        }
        {
          assertion = isEncrypted host -> host.sslCertificate != null && host.sslCertificateKey != null;
          message = ''services.nginx.virtualHosts."${name}" is encrypted, so it needs sslCertificate and sslCertificateKey.'';
        }
        {
          assertion = lib.all (value: value.root == null || value.alias == null) (lib.attrValues host.locations);
          message = ''A location of services.nginx.virtualHosts."${name}" sets both root and alias.'';
        }
      ]) cfg.virtualHosts
    );

    systemd.services.nginx = {
      description = "Web server";
      documentation = [ "man:nginx(8)" ];
      wantedBy = [ "multi-user.target" ];
      after = [
        "network.target"
        "nss-lookup.target"
      ];
      stopIfChanged = false;
      inherit (cfg) preStart;
      restartTriggers = lib.optional cfg.enableReload cfg.package;
      startLimitIntervalSec = 60;
      serviceConfig = {
        Type = "forking";
        PIDFile = "/run/nginx/nginx.pid";
        ExecStart = "${cfg.package}/bin/nginx -e ${cfg.logError} -c ${if cfg.enableReload then "/etc/nginx/osconf.conf" else finalConfig}";
        ExecReload = "/bin/kill -HUP $MAINPID";
        Restart = "always";
        RestartSec = 10;
        RuntimeDirectory = "nginx";
        RuntimeDirectoryMode = "0755";
        StateDirectory = "nginx";
        LogsDirectory = "nginx";
        LogsDirectoryMode = "0750";
        CapabilityBoundingSet = [ "CAP_CHOWN CAP_DAC_OVERRIDE CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID CAP_SYS_RESOURCE CAP_KILL" ];
        NoNewPrivileges = true;
        ProtectHome = lib.mkDefault true;
        ProtectSystem = "full";
        PrivateTmp = true;
        PrivateDevices = true;
        ProtectHostname = true;
        ProtectKernelTunables = true;
        ProtectKernelModules = true;
        ProtectControlGroups = true;
        RestrictAddressFamilies = [ "AF_UNIX AF_INET AF_INET6" ];
        RestrictNamespaces = true;
        LockPersonality = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        RemoveIPC = true;
      };
      reloadTriggers = lib.optional cfg.enableReload finalConfig;
    };

    system.build.nginxConfiguration = configFile;

    environment.etc."nginx/osconf.conf" = lib.mkIf cfg.enableReload { source = finalConfig; };
  };
}
