# fail2ban: addresses that guess passwords are locked out.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.fail2ban;

  jail = types.submodule {
    options = {
      enabled = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the jail is in use.";
      };
      settings = mkOption {
        type = types.attrsOf (
          types.oneOf [
            types.bool
            types.int
            types.str
          ]
        );
        default = { };
        description = "Settings of the jail.";
      };
    };
  };
in
{
  options.services.fail2ban = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether addresses that guess passwords are locked out.";
    };

    maxretry = mkOption {
      type = types.ints.unsigned;
      default = 3;
      description = "How many guesses are too many.";
    };

    bantime = mkOption {
      type = types.str;
      default = "10m";
      description = "For how long.";
    };

    ignoreIP = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Addresses that are never locked out.";
    };

    jails = mkOption {
      type = types.attrsOf jail;
      default = { };
      example = lib.literalExpression "{ nginx-http-auth.settings.maxretry = 5; }";
      description = "What is watched, by the names of fail2ban's filters.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.fail2ban.jails.sshd = lib.mkIf config.services.openssh.enable {
      settings.port = lib.mkDefault (lib.concatMapStringsSep "," toString config.services.openssh.ports);
    };

    environment.systemPackages = [ pkgs.fail2ban pkgs.python3-systemd ];
    systemd.enabledUnits = [ "fail2ban.service" ];
    systemd.services.fail2ban = {
      partOf = [ "firewall.service" ];
      restartTriggers = [ config.environment.etc."fail2ban/jail.local".source ];
    };

    environment.etc."fail2ban/jail.local".source = pkgs.render {
      name = "jail.local";
      template = "unit.j2";
      context.sections = [
        {
          name = "DEFAULT";
          settings = {
            backend = "systemd";
            bantime = cfg.bantime;
            maxretry = cfg.maxretry;
            banaction = "iptables-multiport";
            ignoreip = lib.concatStringsSep " " (
              [
                "127.0.0.1/8"
                "::1"
              ]
              ++ cfg.ignoreIP
            );
          };
        }
      ]
      ++ lib.mapAttrsToList (name: value: {
        inherit name;
        settings = {
          inherit (value) enabled;
        }
        // value.settings;
      }) cfg.jails;
    };
  };
}
