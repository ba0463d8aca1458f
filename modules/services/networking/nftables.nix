# Rules of one's own for nftables.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking.nftables;

  table = types.submodule (
    { name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the table is made.";
        };
        name = mkOption {
          type = types.str;
          default = name;
          description = "The name of the table.";
        };
        family = mkOption {
          type = types.enum [
            "ip"
            "ip6"
            "inet"
            "arp"
            "bridge"
            "netdev"
          ];
          description = "What packets it sees.";
        };
        content = mkOption {
          type = types.lines;
          description = "The content of the table.";
        };
      };
    }
  );

  tables = lib.filter (value: value.enable) (lib.attrValues cfg.tables);

  # Each table is replaced in one transaction; tables of others stay.
  rules = pkgs.writeText "nftables.conf" (
    lib.concatMapStrings (value: ''
      table ${value.family} ${value.name}
      delete table ${value.family} ${value.name}
      table ${value.family} ${value.name} {
      ${value.content}
      }
    '') tables
    + cfg.ruleset
  );

  remove = pkgs.writeText "nftables-stop.conf" (
    lib.concatMapStrings (value: ''
      table ${value.family} ${value.name}
      delete table ${value.family} ${value.name}
    '') tables
  );
in
{
  options.networking.nftables = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether tables of nftables are loaded. {option}`networking.firewall` goes on beside them: iptables of Debian is a
        face of nftables.
      '';
    };

    tables = mkOption {
      type = types.attrsOf table;
      default = { };
      example = lib.literalExpression ''
        { filter = { family = "inet"; content = "chain input { type filter hook input priority 10; }"; }; }
      '';
      description = "Tables, by name.";
    };

    ruleset = mkOption {
      type = types.lines;
      default = "";
      description = "More lines for {manpage}`nft(8)`.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.nftables ];

    systemd.services.nftables = {
      description = "Tables of nftables";
      wantedBy = [ "sysinit.target" ];
      before = [
        "network-pre.target"
        "shutdown.target"
      ];
      wants = [ "network-pre.target" ];
      conflicts = [ "shutdown.target" ];
      unitConfig.DefaultDependencies = false;
      reloadIfChanged = true;
      usr = "system";
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "/usr/sbin/nft --file ${rules}";
        ExecReload = "/usr/sbin/nft --file ${rules}";
        ExecStop = "/usr/sbin/nft --file ${remove}";
      };
    };
  };
}
