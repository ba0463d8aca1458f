# Commands that run when a generation becomes the running system, and what must be true afterwards.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.system;

  script = types.submodule {
    options = {
      text = mkOption {
        type = types.lines;
        default = "";
        description = "Shell commands. They run at every boot and every switch, so they must tolerate being run again.";
      };
      deps = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "users" ];
        description = ''
          Names of scripts that run before this one. The names `etc`, `users`, `wrappers` and `specialfs` stand for
          steps of osconf's own and are always done.
        '';
      };
      supportsDryActivation = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the commands leave everything as it is when `$NIXOS_ACTION` is `dry-activate`.";
      };
    };
  };

  healthCheck = types.submodule (
    { name, ... }:
    {
      options = {
        command = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "curl --fail http://localhost/";
          description = "Shell commands that exit 0 when all is well.";
        };
        http = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "http://localhost:8080/health";
          description = "An address that must answer with a status below 400.";
        };
        status = mkOption {
          type = types.nullOr types.int;
          default = null;
          example = 200;
          description = "The status that {option}`http` must answer with.";
        };
        tcp = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "localhost:22";
          description = "A host and port that must accept a connection.";
        };
        unit = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "nginx.service";
          description = "A unit that must be active.";
        };
        timeout = mkOption {
          type = types.ints.positive;
          default = 30;
          description = "How many seconds the check may take to come true.";
        };
        description = mkOption {
          type = types.str;
          default = name;
          description = "What to call the check in messages.";
        };
      };
    }
  );
  endpoint = lib.splitString ":";

  describeCheck =
    name: check:
    {
      inherit name;
      inherit (check) timeout description;
    }
    // (
      if check.command != null then
        {
          kind = "command";
          inherit (check) command;
        }
      else if check.http != null then
        {
          kind = "http";
          url = check.http;
          inherit (check) status;
        }
      else if check.tcp != null then
        {
          kind = "tcp";
          host = lib.concatStringsSep ":" (lib.init (endpoint check.tcp));
          port = lib.toInt (lib.last (endpoint check.tcp));
        }
      else
        {
          kind = "unit";
          inherit (check) unit;
        }
    );
in
{
  options.system = {
    activationScripts = mkOption {
      type = types.attrsOf (types.coercedTo types.str (text: { inherit text; }) script);
      default = { };
      example = lib.literalExpression ''
        {
          stamp = {
            deps = [ "users" ];
            text = "install -d -o www-data /var/lib/site";
          };
        }
      '';
      description = "Shell commands to run whenever a generation is activated, in the order of their dependencies.";
    };

    healthChecks = mkOption {
      type = types.attrsOf healthCheck;
      default = { };
      example = lib.literalExpression ''{ site.http = "http://localhost/"; }'';
      description = ''
        What must hold after a switch. When a check stays false, the previous generation is activated again and the
        switch fails.
      '';
    };
  };

  config = {
    assertions = lib.mapAttrsToList (name: check: {
      assertion =
        lib.count (kind: check.${kind} != null) [
          "command"
          "http"
          "tcp"
          "unit"
        ] == 1;
      message = "system.healthChecks.${name} must set exactly one of command, http, tcp and unit.";
    }) cfg.healthChecks;

    system.build = {
      activationScripts = lib.mapAttrsToList (name: value: {
        inherit name;
        inherit (value) text deps;
      }) cfg.activationScripts;

      healthChecks = lib.mapAttrsToList describeCheck cfg.healthChecks;
    };
  };
}
