# PostgreSQL, a database.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.postgresql;

  programs = "/usr/lib/postgresql/${cfg.version}/bin";

  value =
    setting:
    if setting == true then
      "yes"
    else if setting == false then
      "no"
    else if lib.isString setting then
      "'${lib.replaceStrings [ "'" ] [ "''" ] setting}'"
    else
      toString setting;

  settingsFile = pkgs.writeText "postgresql.conf" (
    lib.concatStrings (
      lib.mapAttrsToList (name: setting: "${name} = ${value setting}\n") (
        lib.filterAttrs (_: setting: setting != null) cfg.settings
      )
    )
  );

  accessFile = pkgs.writeText "pg_hba.conf" (
    cfg.authentication
    + ''
      local all postgres peer
      local all all peer
      host all all 127.0.0.1/32 scram-sha-256
      host all all ::1/128 scram-sha-256
    ''
  );

  identifier = name: ''"${lib.replaceStrings [ "\"" ] [ "\"\"" ] name}"'';
  literal = text: "'${lib.replaceStrings [ "'" ] [ "''" ] text}'";
  ask = query: "psql --no-align --tuples-only --command=${lib.escapeShellArg query}";

  ensureDatabase = name: ''
    ${ask "SELECT 1 FROM pg_database WHERE datname = ${literal name}"} | grep -q 1 \
      || ${ask "CREATE DATABASE ${identifier name}"}
  '';

  ensureUser = user: ''
    ${ask "SELECT 1 FROM pg_roles WHERE rolname = ${literal user.name}"} | grep -q 1 \
      || ${ask "CREATE USER ${identifier user.name}"}
    ${lib.optionalString user.ensureDBOwnership (
      ask "ALTER DATABASE ${identifier user.name} OWNER TO ${identifier user.name}"
    )}
  '';

  user = types.submodule {
    options = {
      name = mkOption {
        type = types.str;
        description = "The name.";
      };
      ensureDBOwnership = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the database of the same name belongs to the user.";
      };
    };
  };
in
{
  options.services.postgresql = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run PostgreSQL.";
    };

    version = mkOption {
      type = types.str;
      default = "17";
      description = "The major version. A change needs the data to be moved, see {manpage}`pg_upgrade(1)`.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs."postgresql-${cfg.version}";
      defaultText = lib.literalExpression ''pkgs."postgresql-''${version}"'';
      description = "The PostgreSQL to run.";
    };

    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/postgresql/${cfg.version}";
      defaultText = lib.literalExpression ''"/var/lib/postgresql/''${version}"'';
      description = "Where the data are.";
    };

    enableTCPIP = mkOption {
      type = types.bool;
      default = false;
      description = "Whether other machines may connect.";
    };

    settings = mkOption {
      type = types.attrsOf (
        types.nullOr (
          types.oneOf [
            types.bool
            types.float
            types.int
            types.str
          ]
        )
      );
      default = { };
      example = {
        max_connections = 200;
      };
      description = "Settings of `postgresql.conf`.";
    };

    authentication = mkOption {
      type = types.lines;
      default = "";
      description = "Lines of `pg_hba.conf` in front of osconf's: local users by name, local addresses by password.";
    };

    initdbArgs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--data-checksums" ];
      description = "More arguments of `initdb`.";
    };

    initialScript = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file of SQL to run when the data directory is made.";
    };

    ensureDatabases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "app" ];
      description = "Databases that must be there. Those that are no longer named stay.";
    };

    ensureUsers = mkOption {
      type = types.listOf user;
      default = [ ];
      example = [
        {
          name = "app";
          ensureDBOwnership = true;
        }
      ];
      description = "Users that must be there. Those that are no longer named stay.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.postgresql.settings = {
      listen_addresses = lib.mkDefault (if cfg.enableTCPIP then "*" else "localhost");
      port = lib.mkDefault 5432;
      hba_file = "${accessFile}";
      unix_socket_directories = "/run/postgresql";
      log_destination = "stderr";
      log_line_prefix = "[%p] ";
    };

    users.users.postgres = {
      isSystemUser = true;
      group = "postgres";
      description = "PostgreSQL";
      home = "/var/lib/postgresql";
      shell = "/usr/bin/bash";
    };
    users.groups.postgres = { };

    # psql for administrators.
    environment.systemPackages = [ pkgs.postgresql-client-common pkgs."postgresql-client-${cfg.version}" ];

    systemd.services.postgresql = {
      description = "PostgreSQL";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      path = [
        cfg.package
        pkgs."postgresql-client-${cfg.version}"
      ];
      environment.PGDATA = cfg.dataDir;
      preStart = ''
        if ! [ -e "$PGDATA/PG_VERSION" ]; then
          rm -f "$PGDATA"/*.conf
          ${programs}/initdb --username=postgres --auth=peer ${lib.escapeShellArgs cfg.initdbArgs}
          touch "$PGDATA/.first-start"
        fi
        ln -sfn ${settingsFile} "$PGDATA/postgresql.conf"
      '';
      postStart = ''
        export PGHOST=/run/postgresql PGPORT=${toString cfg.settings.port} PGUSER=postgres PATH=${programs}:$PATH
        until pg_isready -q; do kill -0 "$MAINPID"; sleep 0.1; done
        if [ -e "$PGDATA/.first-start" ]; then
          ${lib.optionalString (cfg.initialScript != null) "psql --file=${cfg.initialScript} postgres"}
          rm "$PGDATA/.first-start"
        fi
        ${lib.concatMapStrings ensureDatabase cfg.ensureDatabases}
        ${lib.concatMapStrings ensureUser cfg.ensureUsers}
      '';
      serviceConfig = {
        ExecStart = "${programs}/postgres";
        ExecReload = "/bin/kill -HUP $MAINPID";
        Type = "notify";
        User = "postgres";
        Group = "postgres";
        RuntimeDirectory = "postgresql";
        StateDirectory = lib.mkIf (lib.hasPrefix "/var/lib/" cfg.dataDir) (lib.removePrefix "/var/lib/" cfg.dataDir);
        StateDirectoryMode = "0750";
        # PostgreSQL writes what it has before it ends.
        KillSignal = "SIGINT";
        KillMode = "mixed";
        TimeoutSec = 120;
        OOMScoreAdjust = -900;
      };
    };
  };
}
