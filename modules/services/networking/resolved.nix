# Who looks names up: systemd-resolved, or the servers themselves through /etc/resolv.conf.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.resolved;
  inherit (config.networking) nameservers search;

  asksForAddress =
    config.networking.useDHCP
    || lib.any (value: value.useDHCP == true) (lib.attrValues config.networking.interfaces);

  list = value: lib.concatStringsSep " " value;
in
{
  options.services.resolved = {
    enable = mkOption {
      type = types.bool;
      default = asksForAddress || nameservers == [ ];
      defaultText = lib.literalMD "when the network tells the servers, or none is configured";
      description = "Whether systemd-resolved looks names up. It learns servers from the network.";
    };

    domains = mkOption {
      type = types.listOf types.str;
      default = search;
      defaultText = lib.literalExpression "config.networking.search";
      description = "Domains in which short names are looked for.";
    };

    fallbackDns = mkOption {
      type = types.nullOr (types.listOf types.str);
      default = null;
      description = "Servers to ask when there are no others. `null` leaves systemd's.";
    };

    dnssec = mkOption {
      type = types.enum [
        "true"
        "allow-downgrade"
        "false"
      ];
      default = "false";
      description = "Whether answers must be signed.";
    };

    dnsovertls = mkOption {
      type = types.enum [
        "true"
        "opportunistic"
        "false"
      ];
      default = "false";
      description = "Whether questions are encrypted.";
    };

    llmnr = mkOption {
      type = types.enum [
        "true"
        "resolve"
        "false"
      ];
      default = "true";
      description = "Whether names of neighbours are looked up and answered.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of {manpage}`resolved.conf(5)`.";
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      environment.systemPackages = [ pkgs.systemd-resolved ];
      systemd.enabledUnits = [ "systemd-resolved.service" ];

      systemd.services.systemd-resolved.reloadTriggers = [
        config.environment.etc."systemd/resolved.conf".source
      ];

      environment.etc."resolv.conf" = {
        source = "/run/systemd/resolve/stub-resolv.conf";
        mode = "direct-symlink";
      };

      environment.etc."systemd/resolved.conf".source = pkgs.render {
        name = "resolved.conf";
        template = "networkd.j2";
        context = {
          sections = [
            {
              name = "Resolve";
              settings = {
                DNSSEC = cfg.dnssec;
                DNSOverTLS = cfg.dnsovertls;
                LLMNR = cfg.llmnr;
              }
              // lib.optionalAttrs (nameservers != [ ]) { DNS = list nameservers; }
              // lib.optionalAttrs (cfg.domains != [ ]) { Domains = list cfg.domains; }
              // lib.optionalAttrs (cfg.fallbackDns != null) { FallbackDNS = list cfg.fallbackDns; };
            }
          ];
          inherit (cfg) extraConfig;
        };
      };
    })

    (lib.mkIf (!cfg.enable && nameservers != [ ]) {
      environment.etc."resolv.conf".text =
        lib.concatMapStrings (server: "nameserver ${server}\n") nameservers
        + lib.optionalString (search != [ ]) "search ${list search}\n";
    })
  ];
}
