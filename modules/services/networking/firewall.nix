# The firewall: which connections from outside are taken. One model, rendered for both families of iptables.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking.firewall;

  range = types.submodule {
    options = {
      from = mkOption {
        type = types.port;
        description = "The first port.";
      };
      to = mkOption {
        type = types.port;
        description = "The last port.";
      };
    };
  };

  portOptions = {
    allowedTCPPorts = mkOption {
      type = types.listOf types.port;
      default = [ ];
      apply = ports: lib.unique (lib.sort (a: b: a < b) ports);
      example = [
        22
        80
      ];
      description = "TCP ports on which connections are taken.";
    };
    allowedTCPPortRanges = mkOption {
      type = types.listOf range;
      default = [ ];
      example = [
        {
          from = 8999;
          to = 9003;
        }
      ];
      description = "Ranges of TCP ports on which connections are taken.";
    };
    allowedUDPPorts = mkOption {
      type = types.listOf types.port;
      default = [ ];
      apply = ports: lib.unique (lib.sort (a: b: a < b) ports);
      example = [ 53 ];
      description = "UDP ports on which packets are taken.";
    };
    allowedUDPPortRanges = mkOption {
      type = types.listOf range;
      default = [ ];
      example = [
        {
          from = 60000;
          to = 61000;
        }
      ];
      description = "Ranges of UDP ports on which packets are taken.";
    };
  };

  matches =
    protocol: ports: ranges:
    map (port: { inherit protocol; ports = toString port; }) ports
    ++ map (value: { inherit protocol; ports = "${toString value.from}:${toString value.to}"; }) ranges;

  openOn =
    interface: value:
    map (rule: rule // { inherit interface; }) (
      matches "tcp" value.allowedTCPPorts value.allowedTCPPortRanges
      ++ matches "udp" value.allowedUDPPorts value.allowedUDPPortRanges
    );

  rules =
    family:
    pkgs.render {
      name = "firewall-${family}.rules";
      template = "iptables.rules.j2";
      context = {
        inherit family;
        trustedInterfaces = lib.unique cfg.trustedInterfaces;
        open = openOn null cfg ++ lib.concatLists (lib.mapAttrsToList openOn cfg.interfaces);
        inherit (cfg)
          allowPing
          pingLimit
          rejectPackets
          logRefusedConnections
          logRefusedPackets
          logRefusedUnicastsOnly
          logReversePathDrops
          ;
        reversePath =
          if cfg.checkReversePath == true || cfg.checkReversePath == "strict" then
            "strict"
          else if cfg.checkReversePath == "loose" then
            "loose"
          else
            null;
      };
    };

  families = [
    "ipv4"
  ]
  ++ lib.optional config.networking.enableIPv6 "ipv6";

  # Where the kernel that builds has tables for it, the rules are read once by the program itself.
  checked =
    family:
    let
      command = if family == "ipv4" then "iptables-restore" else "ip6tables-restore";
    in
    pkgs.runCommand "firewall-${family}.rules-checked"
      {
        nativeBuildInputs = [ cfg.package ];
        requiredSystemFeatures = [ "uid-range" ];
        rules = rules family;
      }
      ''
        printf '*filter\nCOMMIT\n' > nothing
        if ${command} --test nothing 2> /dev/null; then
          ${command} --test --noflush $rules
        fi
        cp $rules $out
      '';

  control = pkgs.render {
    name = "firewall-control";
    template = "firewall-control.j2";
    executable = true;
    context = {
      rules = lib.genAttrs families (family: "${checked family}");
      inherit (cfg) extraCommands extraStopCommands;
    };
  };
in
{
  options.networking.firewall = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether connections from outside are refused unless they are allowed here.";
    };

    package = mkOption {
      type = types.package;
      default = pkgs.iptables;
      defaultText = lib.literalExpression "pkgs.iptables";
      description = "The iptables to use.";
    };

    interfaces = mkOption {
      type = types.attrsOf (types.submodule { options = portOptions; });
      default = { };
      example = lib.literalExpression "{ enp0s3.allowedTCPPorts = [ 22 ]; }";
      description = "Ports that are open on single interfaces.";
    };

    trustedInterfaces = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "br0" ];
      description = "Interfaces from which everything is taken.";
    };

    allowPing = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the machine answers pings.";
    };

    pingLimit = mkOption {
      type = types.nullOr (types.separatedString " ");
      default = null;
      example = "--limit 1/minute --limit-burst 5";
      description = "How many pings are answered, in the words of iptables' `limit`.";
    };

    rejectPackets = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the sender of a refused packet is told. Otherwise it is dropped.";
    };

    logRefusedConnections = mkOption {
      type = types.bool;
      default = true;
      description = "Whether refused connections are logged.";
    };

    logRefusedPackets = mkOption {
      type = types.bool;
      default = false;
      description = "Whether every refused packet is logged.";
    };

    logRefusedUnicastsOnly = mkOption {
      type = types.bool;
      default = true;
      description = "Whether {option}`networking.firewall.logRefusedPackets` leaves out broadcasts and multicasts.";
    };

    checkReversePath = mkOption {
      type = types.either types.bool (
        types.enum [
          "strict"
          "loose"
        ]
      );
      default = true;
      example = "loose";
      description = ''
        Whether packets are dropped whose answer would not leave through the interface they came from (`true` or
        `strict`) or through none (`loose`).
      '';
    };

    logReversePathDrops = mkOption {
      type = types.bool;
      default = false;
      description = "Whether packets dropped by {option}`networking.firewall.checkReversePath` are logged.";
    };

    extraCommands = mkOption {
      type = types.lines;
      default = "";
      example = "iptables -A nixos-fw -p tcp --source 192.0.2.0/24 --dport 1714 -j nixos-fw-accept";
      description = ''
        Shell commands that run after the rules are loaded. `iptables`, `ip6tables` and `ip46tables` (both) are there;
        `nixos-fw`, `nixos-fw-accept` and `nixos-fw-refuse` stand for osconf's chains.
      '';
    };

    extraStopCommands = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands that run when the firewall stops.";
    };

    extraPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.ipset ]";
      description = "Packages that {option}`networking.firewall.extraCommands` needs.";
    };

    filterForward = mkOption {
      type = types.bool;
      default = false;
      internal = true;
      description = "Reserved for rules about packets that pass through.";
    };
  }
  // portOptions;

  config = lib.mkIf cfg.enable {
    networking.firewall.trustedInterfaces = [ "lo" ];

    environment.systemPackages = [ cfg.package ] ++ cfg.extraPackages;

    systemd.services.firewall = {
      description = "Firewall";
      wantedBy = [ "sysinit.target" ];
      wants = [ "network-pre.target" ];
      after = [ "systemd-modules-load.service" ];
      before = [
        "network-pre.target"
        "shutdown.target"
      ];
      conflicts = [ "shutdown.target" ];
      unitConfig = {
        DefaultDependencies = false;
        ConditionCapability = "CAP_NET_ADMIN";
      };
      # A reload swaps the rules at once; a stop in between would leave the machine open.
      reloadIfChanged = true;
      usr = "system";
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${control} start";
        ExecReload = "${control} reload";
        ExecStop = "${control} stop";
      };
    };

    system.build.firewallRules = lib.genAttrs families rules;
  };
}
