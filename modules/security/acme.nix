# Certificates from an authority that speaks ACME, fetched and renewed by lego.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.security.acme;

  # What a certificate may say, with the default for all of them.
  inheritable = fallback: {
    email = mkOption {
      type = types.nullOr types.str;
      default = fallback "email" null;
      description = "Whom the authority writes to when a certificate is about to end.";
    };
    server = mkOption {
      type = types.nullOr types.str;
      default = fallback "server" null;
      example = "https://acme-staging.example.org/directory";
      description = "The directory of the authority. `null` means that of lego.";
    };
    webroot = mkOption {
      type = types.nullOr types.str;
      default = fallback "webroot" null;
      example = "/var/lib/acme/acme-challenge";
      description = "The directory from which a web server on port 80 answers the authority.";
    };
    listenHTTP = mkOption {
      type = types.nullOr types.str;
      default = fallback "listenHTTP" null;
      example = ":1360";
      description = "Where lego itself answers the authority.";
    };
    dnsProvider = mkOption {
      type = types.nullOr types.str;
      default = fallback "dnsProvider" null;
      example = "rfc2136";
      description = "The provider, in lego's words, at which a record of the domain answers the authority.";
    };
    environmentFile = mkOption {
      type = types.nullOr types.path;
      default = fallback "environmentFile" null;
      description = "A file with the variables that the provider needs, such as its key.";
    };
    keyType = mkOption {
      type = types.str;
      default = fallback "keyType" "ec256";
      description = "The kind of key.";
    };
    group = mkOption {
      type = types.str;
      default = fallback "group" "acme";
      description = "Who, beside root, may read the key.";
    };
    renewInterval = mkOption {
      type = types.str;
      default = fallback "renewInterval" "daily";
      description = "How often to look whether a certificate is about to end.";
    };
    validMinDays = mkOption {
      type = types.int;
      default = fallback "validMinDays" 30;
      description = "How many days before its end a certificate is renewed.";
    };
    reloadServices = mkOption {
      type = types.listOf types.str;
      default = fallback "reloadServices" [ ];
      example = [ "nginx.service" ];
      description = "Services that must read a new certificate.";
    };
    postRun = mkOption {
      type = types.lines;
      default = fallback "postRun" "";
      description = "Shell commands to run after a certificate is new.";
    };
    extraLegoFlags = mkOption {
      type = types.listOf types.str;
      default = fallback "extraLegoFlags" [ ];
      description = "More arguments of lego.";
    };
  };

  certificate =
    { name, ... }:
    {
      options = inheritable (option: _: cfg.defaults.${option}) // {
        domain = mkOption {
          type = types.str;
          default = name;
          description = "The name the certificate is for.";
        };
        extraDomainNames = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "www.example.org" ];
          description = "More names.";
        };
        directory = mkOption {
          type = types.str;
          readOnly = true;
          default = "/var/lib/acme/${name}";
          description = "Where `fullchain.pem`, `key.pem` and the rest are.";
        };
      };
    };

  names = certificate: [ certificate.domain ] ++ certificate.extraDomainNames;

  challenge =
    certificate:
    if certificate.dnsProvider != null then
      [
        "--dns"
        certificate.dnsProvider
      ]
    else if certificate.listenHTTP != null then
      [
        "--http"
        "--http.port"
        certificate.listenHTTP
      ]
    else
      [
        "--http"
        "--http.webroot"
        certificate.webroot
      ];

  arguments =
    name: certificate:
    [
      "--accept-tos"
      "--path"
      "/var/lib/acme/.lego/${name}"
      "--key-type"
      certificate.keyType
    ]
    ++ lib.optionals (certificate.email != null) [
      "--email"
      certificate.email
    ]
    ++ lib.optionals (certificate.server != null) [
      "--server"
      certificate.server
    ]
    ++ lib.concatMap (domain: [
      "--domains"
      domain
    ]) (names certificate)
    ++ challenge certificate
    ++ certificate.extraLegoFlags;

  # A web server needs some certificate to start with, so that the authority can ask it for the real one.
  selfSigned = name: certificate: {
    description = "A certificate of our own for ${certificate.domain}, until the authority's is there";
    requiredBy = [ "acme-${name}.service" ];
    before = [ "acme-${name}.service" ];
    unitConfig.ConditionPathExists = "!${certificate.directory}/key.pem";
    path = [ pkgs.openssl ];
    script = ''
      umask 027
      install -d -m 0750 -g ${certificate.group} ${certificate.directory}
      cd ${certificate.directory}
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj "/CN=${certificate.domain}" -keyout key.pem -out fullchain.pem
      cp fullchain.pem cert.pem
      chgrp ${certificate.group} *.pem
      chmod 0640 *.pem
    '';
    serviceConfig = {
      Type = "oneshot";
      StateDirectory = "acme";
      StateDirectoryMode = "0755";
    };
  };

  fetch = name: certificate: {
    description = "The certificate of ${certificate.domain}";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [
      "network-online.target"
      "acme-selfsigned-${name}.service"
    ]
    ++ lib.optional config.services.nginx.enable "nginx.service";
    startAt = certificate.renewInterval;
    path = [ pkgs.lego ];
    script = ''
      umask 027
      state=/var/lib/acme/.lego/${name}
      crt="$state/certificates/${lib.replaceStrings [ "*" ] [ "_" ] certificate.domain}.crt"
      key="''${crt%.crt}.key"
      install -d -m 0700 "$state"
      install -d -m 0750 -g ${certificate.group} ${certificate.directory}
      ${lib.optionalString (certificate.webroot != null) ''
        install -d -m 0755 ${lib.escapeShellArg certificate.webroot}
      ''}
      # Other names than last time need a new certificate.
      asked=${lib.escapeShellArg (lib.concatStringsSep " " (names certificate))}
      if [ -e "$crt" ] && [ "$(cat "$state/asked" 2> /dev/null)" = "$asked" ]; then
        lego ${lib.escapeShellArgs (arguments name certificate)} renew --no-random-sleep --days ${toString certificate.validMinDays}
      else
        lego ${lib.escapeShellArgs (arguments name certificate)} run
        echo "$asked" > "$state/asked"
      fi
      if ! cmp -s "$crt" ${certificate.directory}/fullchain.pem; then
        install -m 0640 -g ${certificate.group} "$key" ${certificate.directory}/key.pem
        install -m 0640 -g ${certificate.group} "$crt" ${certificate.directory}/fullchain.pem
        install -m 0640 -g ${certificate.group} "$crt" ${certificate.directory}/cert.pem
        ${certificate.postRun}
        ${lib.optionalString (certificate.reloadServices != [ ]) ''
          systemctl --no-block try-reload-or-restart ${lib.escapeShellArgs certificate.reloadServices}
        ''}
      fi
    '';
    serviceConfig = {
      Type = "oneshot";
      StateDirectory = "acme";
      StateDirectoryMode = "0755";
      EnvironmentFile = lib.mkIf (certificate.environmentFile != null) certificate.environmentFile;
    };
  };
in
{
  options.security.acme = {
    acceptTerms = mkOption {
      type = types.bool;
      default = false;
      description = "Whether you accept the terms of the authority.";
    };

    defaults = inheritable (_: value: value);

    certs = mkOption {
      type = types.attrsOf (types.submodule certificate);
      default = { };
      example = lib.literalExpression ''
        { "example.org" = { webroot = "/var/lib/acme/acme-challenge"; group = "www-data"; }; }
      '';
      description = "Certificates, by name.";
    };
  };

  config = lib.mkIf (cfg.certs != { }) {
    assertions = [
      {
        assertion = cfg.acceptTerms;
        message = "Certificates are only given to those who accept the authority's terms: read them, then set security.acme.acceptTerms = true.";
      }
    ]
    ++ lib.mapAttrsToList (name: certificate: {
      assertion =
        lib.count (isSet: isSet) [
          (certificate.dnsProvider != null)
          (certificate.listenHTTP != null)
          (certificate.webroot != null)
        ] == 1;
      message = ''security.acme.certs."${name}" must set exactly one of webroot, listenHTTP and dnsProvider.'';
    }) cfg.certs;

    users.groups.acme = { };

    systemd.services =
      lib.mapAttrs' (name: value: lib.nameValuePair "acme-selfsigned-${name}" (selfSigned name value)) cfg.certs
      // lib.mapAttrs' (name: value: lib.nameValuePair "acme-${name}" (fetch name value)) cfg.certs;

    systemd.timers = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "acme-${name}" {
        timerConfig = {
          Persistent = true;
          RandomizedDelaySec = "1h";
        };
      }
    ) cfg.certs;
  };
}
