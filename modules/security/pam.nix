# PAM: how programs find out who somebody is, and what a session gets.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.security.pam;

  limit = types.submodule {
    options = {
      domain = mkOption {
        type = types.str;
        example = "@audio";
        description = "Whom it is for: a user, `@` and a group, or `*`.";
      };
      type = mkOption {
        type = types.enum [
          "-"
          "hard"
          "soft"
        ];
        default = "-";
        description = "Whether the user may raise it up to the hard limit; `-` sets both.";
      };
      item = mkOption {
        type = types.str;
        example = "nofile";
        description = "What is limited, see {manpage}`limits.conf(5)`.";
      };
      value = mkOption {
        type = types.oneOf [
          types.str
          types.int
        ];
        description = "The limit.";
      };
    };
  };

  service = types.submodule (
    { name, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
          description = "The name of the service, that of its file in `/etc/pam.d`.";
        };
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file is made.";
        };
        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "The whole file, in place of what the other options say.";
        };
        unixAuth = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the password of the account opens it.";
        };
        rootOK = mkOption {
          type = types.bool;
          default = false;
          description = "Whether root need not prove anything.";
        };
        requireWheel = mkOption {
          type = types.bool;
          default = false;
          description = "Whether only members of `wheel` get through.";
        };
        startSession = mkOption {
          type = types.bool;
          default = false;
          description = "Whether systemd starts a session.";
        };
        makeHomeDir = mkOption {
          type = types.bool;
          default = false;
          description = "Whether a missing home directory is made.";
        };
        setEnvironment = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the session gets {option}`environment.sessionVariables`.";
        };
        limits = mkOption {
          type = types.listOf limit;
          default = [ ];
          description = "Limits of sessions of this service.";
        };
      };
    }
  );

  limitsFile =
    name: limits:
    pkgs.render {
      inherit name;
      template = "limits.conf.j2";
      context = { inherit limits; };
    };

  serviceFile =
    value:
    if value.text != null then
      pkgs.writeText "pam-${value.name}" value.text
    else
      pkgs.render {
        name = "pam-${value.name}";
        template = "pam-service.j2";
        context = {
          inherit (value)
            unixAuth
            rootOK
            requireWheel
            startSession
            makeHomeDir
            setEnvironment
            ;
          limits = if value.limits == [ ] then null else "${limitsFile "limits-${value.name}.conf" value.limits}";
        };
      };
in
{
  options.security.pam = {
    services = mkOption {
      type = types.attrsOf service;
      default = { };
      example = lib.literalExpression "{ app.startSession = true; }";
      description = ''
        Files in `/etc/pam.d`. Those of packages (login, sshd, sudo, …) are there by themselves; naming one here replaces
        it.
      '';
    };

    loginLimits = mkOption {
      type = types.listOf limit;
      default = [ ];
      example = [
        {
          domain = "*";
          item = "nofile";
          value = 65536;
        }
      ];
      description = "Limits of every session.";
    };
  };

  config.environment.etc =
    lib.mapAttrs' (name: value: lib.nameValuePair "pam.d/${value.name}" { source = serviceFile value; }) (
      lib.filterAttrs (_: value: value.enable) cfg.services
    )
    // lib.optionalAttrs (cfg.loginLimits != [ ]) {
      "security/limits.d/50-osconf.conf".source = limitsFile "50-osconf.conf" cfg.loginLimits;
    };
}
