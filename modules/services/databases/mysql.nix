# MariaDB, a database that speaks MySQL.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.mysql;

  setting = types.oneOf [
    types.bool
    types.int
    types.str
  ];

  line = name: value: if value == true then "${name}\n" else if value == false then "skip-${name}\n" else "${name} = ${toString value}\n";

  configFile = pkgs.writeText "my.cnf" (
    lib.concatStrings (
      lib.mapAttrsToList (
        section: settings: "[${section}]\n" + lib.concatStrings (lib.mapAttrsToList line settings)
      ) cfg.settings
    )
  );

  identifier = name: "`${lib.replaceStrings [ "`" ] [ "``" ] name}`";
  literal = text: "'${lib.replaceStrings [ "'" ] [ "''" ] text}'";

  ensureUser =
    user:
    "CREATE USER IF NOT EXISTS ${literal user.name}@'localhost' IDENTIFIED VIA unix_socket;\n"
    + lib.concatStrings (
      lib.mapAttrsToList (
        object: privileges: "GRANT ${privileges} ON ${object} TO ${literal user.name}@'localhost';\n"
      ) user.ensurePermissions
    );

  # What must be there, as one file of SQL that changes nothing when it is.
  ensured = pkgs.writeText "ensured.sql" (
    lib.concatMapStrings (name: "CREATE DATABASE IF NOT EXISTS ${identifier name};\n") cfg.ensureDatabases
    + lib.concatMapStrings ensureUser cfg.ensureUsers
  );
in
{
  options.services.mysql = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run MariaDB.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs.mariadb-server;
      defaultText = lib.literalExpression "pkgs.mariadb-server";
      description = "The server.";
    };

    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/mysql";
      description = "Where the data are.";
    };

    settings = mkOption {
      type = types.attrsOf (types.attrsOf setting);
      default = { };
      example = {
        mysqld.max_connections = 200;
      };
      description = "Settings of `my.cnf`, by section.";
    };

    ensureDatabases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Databases that must be there. Those that are no longer named stay.";
    };

    ensureUsers = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            name = mkOption {
              type = types.str;
              description = "The name, that of the account on the machine.";
            };
            ensurePermissions = mkOption {
              type = types.attrsOf types.str;
              default = { };
              example = {
                "app.*" = "ALL PRIVILEGES";
              };
              description = "Rights, by what they are on.";
            };
          };
        }
      );
      default = [ ];
      description = "Users that must be there.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.mysql.settings.mysqld = {
      datadir = cfg.dataDir;
      port = lib.mkDefault 3306;
      bind-address = lib.mkDefault "127.0.0.1";
      socket = "/run/mysqld/mysqld.sock";
      pid-file = "/run/mysqld/mysqld.pid";
    };

    users.users.mysql = {
      isSystemUser = true;
      group = "mysql";
      description = "MariaDB";
      home = cfg.dataDir;
    };
    users.groups.mysql = { };

    environment.systemPackages = [ pkgs.mariadb-client ];

    systemd.services.mysql = {
      description = "MariaDB";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      aliases = [ "mariadb.service" ];
      path = [
        cfg.package
        pkgs.mariadb-client
      ];
      preStart = ''
        if ! [ -e ${cfg.dataDir}/mysql ]; then
          mariadb-install-db --defaults-file=${configFile} --datadir=${cfg.dataDir} --auth-root-authentication-method=socket \
            --auth-root-socket-user=mysql --skip-test-db
        fi
      '';
      postStart = ''
        mariadb --user=mysql --socket=/run/mysqld/mysqld.sock < ${ensured}
      '';
      serviceConfig = {
        Type = "notify";
        ExecStart = "/usr/sbin/mariadbd --defaults-file=${configFile}";
        User = "mysql";
        Group = "mysql";
        RuntimeDirectory = "mysqld";
        RuntimeDirectoryMode = "0755";
        StateDirectory = lib.mkIf (lib.hasPrefix "/var/lib/" cfg.dataDir) (lib.removePrefix "/var/lib/" cfg.dataDir);
        StateDirectoryMode = "0700";
        Restart = "on-abnormal";
        TimeoutSec = 300;
      };
    };
  };
}
