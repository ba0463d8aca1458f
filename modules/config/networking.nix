# The names of the machine and of others, and where names are looked up.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking;

  fqdn = lib.optionalString (cfg.domain != null && cfg.hostName != "") "${cfg.hostName}.${cfg.domain}";
  ownNames = lib.filter (name: name != "") [
    fqdn
    cfg.hostName
  ];
in
{
  options.networking = {
    hostName = mkOption {
      type = types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$";
      default = "osconf";
      description = "The name of the machine, without a domain. Empty takes the one the network gives.";
    };

    hostId = mkOption {
      type = types.nullOr (types.strMatching "[0-9a-fA-F]{8}");
      default = null;
      example = "4e98920d";
      description = "Eight hexadecimal digits that tell this machine from others, for file systems that ask.";
    };

    domain = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "example.org";
      description = "The domain the machine is in.";
    };

    fqdn = mkOption {
      type = types.str;
      readOnly = true;
      description = "The full name of the machine.";
    };

    hosts = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      example = {
        "192.0.2.2" = [ "printer.example.org" ];
      };
      description = "Names of addresses, for /etc/hosts.";
    };

    extraHosts = mkOption {
      type = types.lines;
      default = "";
      example = "192.0.2.1 router.example.org";
      description = "More lines of /etc/hosts.";
    };

    nameservers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "192.0.2.53" ];
      description = "Servers that know names, in order.";
    };

    search = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Domains in which short names are looked for.";
    };
  };

  config = {
    networking.fqdn =
      if fqdn != "" then
        fqdn
      else
        throw "networking.fqdn is asked for, but networking.hostName or networking.domain is not set.";

    networking.hosts = {
      "127.0.0.1" = [ "localhost" ];
      "::1" = [
        "localhost"
        "ip6-localhost"
        "ip6-loopback"
      ];
      "127.0.1.1" = ownNames;
    };

    environment.etc = {
      "hosts".source = pkgs.render {
        name = "hosts";
        template = "hosts.j2";
        context = {
          inherit (cfg) hosts extraHosts;
        };
      };

      "hostname" = lib.mkIf (cfg.hostName != "") { text = "${cfg.hostName}\n"; };

      "hostid" = lib.mkIf (cfg.hostId != null) {
        source =
          let
            byte = position: lib.substring position 2 cfg.hostId;
          in
          # gethostid reads the number in the machine's byte order: little-endian.
          pkgs.runCommand "hostid" { } ''
            printf '\x${byte 6}\x${byte 4}\x${byte 2}\x${byte 0}' > $out
          '';
      };
    };
  };
}
