# Redis, a store of keys and values in memory.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.redis;

  server = types.submodule (
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = false;
          description = "Whether to run this server.";
        };
        port = mkOption {
          type = types.port;
          default = if name == "" then 6379 else 0;
          description = "The port to listen on; 0 for none.";
        };
        bind = mkOption {
          type = types.nullOr types.str;
          default = "127.0.0.1";
          description = "The address to listen on; `null` for all.";
        };
        openFirewall = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the port is open in the firewall.";
        };
        settings = mkOption {
          type = types.attrsOf (
            types.oneOf [
              types.bool
              types.int
              types.str
              (types.listOf types.str)
            ]
          );
          default = { };
          example = {
            maxmemory = "1gb";
          };
          description = "Settings of `redis.conf`.";
        };
      };
      config.settings = {
        port = lib.mkDefault config.port;
        supervised = "systemd";
        logfile = lib.mkDefault "";
        dir = "/var/lib/${unitName name}";
        unixsocket = lib.mkDefault "/run/${unitName name}/redis.sock";
        unixsocketperm = lib.mkDefault "660";
      }
      // lib.optionalAttrs (config.bind != null) { bind = lib.mkDefault config.bind; };
    }
  );

  unitName = name: if name == "" then "redis" else "redis-${name}";

  line =
    name: value:
    if lib.isList value then
      lib.concatMapStrings (item: line name item) value
    else
      "${name} ${
        if value == true then
          "yes"
        else if value == false then
          "no"
        else if value == "" then
          "\"\""
        else
          toString value
      }\n";

  configFile = name: server: pkgs.writeText "${unitName name}.conf" (lib.concatStrings (lib.mapAttrsToList line server.settings));

  enabled = lib.filterAttrs (_: server: server.enable) cfg.servers;
in
{
  options.services.redis.servers = mkOption {
    type = types.attrsOf server;
    default = { };
    example = lib.literalExpression ''{ "".enable = true; cache = { enable = true; port = 6380; }; }'';
    description = "Servers, by name; the one without a name is `redis.service`.";
  };

  config = lib.mkIf (enabled != { }) {
    users.users.redis = {
      isSystemUser = true;
      group = "redis";
      description = "Redis";
      home = "/var/lib/redis";
    };
    users.groups.redis = { };

    environment.systemPackages = [ pkgs.redis-tools ];

    # A copy in the background maps all of the memory once more.
    boot.kernel.sysctl."vm.overcommit_memory" = lib.mkDefault 1;

    networking.firewall.allowedTCPPorts = lib.concatMap (server: lib.optional server.openFirewall server.port) (
      lib.attrValues enabled
    );

    systemd.services = lib.mapAttrs' (
      name: server:
      lib.nameValuePair (unitName name) {
        description = "Redis${lib.optionalString (name != "") " (${name})"}";
        wantedBy = [ "multi-user.target" ];
        after = [ "network.target" ];
        serviceConfig = {
          Type = "notify";
          ExecStart = "${pkgs.redis-server}/bin/redis-server ${configFile name server}";
          User = "redis";
          Group = "redis";
          RuntimeDirectory = unitName name;
          RuntimeDirectoryMode = "0750";
          StateDirectory = unitName name;
          StateDirectoryMode = "0700";
          NoNewPrivileges = true;
          PrivateTmp = true;
          ProtectSystem = "strict";
          ProtectHome = true;
        };
      }
    ) enabled;
  };
}
