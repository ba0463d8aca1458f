# systemd-networkd: its own files for networks, virtual devices and links.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.systemd.network;
  inherit (import ../../system/boot/systemd/unit-options.nix { inherit lib; }) setting section;

  # "dhcpV4Config" stands for the section [DHCPv4], and so on: one table for each kind of file.
  networkSections = {
    matchConfig = "Match";
    linkConfig = "Link";
    networkConfig = "Network";
    dhcpConfig = "DHCP";
    dhcpV4Config = "DHCPv4";
    dhcpV6Config = "DHCPv6";
    dhcpPrefixDelegationConfig = "DHCPPrefixDelegation";
    ipv6AcceptRAConfig = "IPv6AcceptRA";
    dhcpServerConfig = "DHCPServer";
    ipv6SendRAConfig = "IPv6SendRA";
    bridgeConfig = "Bridge";
    lldpConfig = "LLDP";
    canConfig = "CAN";
  };

  netdevSections = {
    matchConfig = "Match";
    netdevConfig = "NetDev";
    vlanConfig = "VLAN";
    macvlanConfig = "MACVLAN";
    ipvlanConfig = "IPVLAN";
    vxlanConfig = "VXLAN";
    tunnelConfig = "Tunnel";
    fooOverUDPConfig = "FooOverUDP";
    peerConfig = "Peer";
    tunConfig = "Tun";
    tapConfig = "Tap";
    wireguardConfig = "WireGuard";
    bondConfig = "Bond";
    bridgeConfig = "Bridge";
    vrfConfig = "VRF";
  };

  linkSections = {
    matchConfig = "Match";
    linkConfig = "Link";
  };

  sectionsOptions = lib.mapAttrs (_: name: section name { });

  # A list of sections of one name; NixOS's older form wraps each in another set.
  sectionList =
    wrapper: what:
    mkOption {
      type = types.listOf (
        types.coercedTo (types.addCheck types.attrs (value: value ? ${wrapper})) (value: value.${wrapper}) (
          types.attrsOf setting
        )
      );
      default = [ ];
      description = "${what}, each a section of its own.";
    };

  lines =
    what:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "${what}, each a line of the `[Network]` section.";
    };

  lists = {
    address = "Address";
    gateway = "Gateway";
    dns = "DNS";
    ntp = "NTP";
    domains = "Domains";
    bridge = "Bridge";
    bond = "Bond";
    vrf = "VRF";
    vlan = "VLAN";
    macvlan = "MACVLAN";
    vxlan = "VXLAN";
    tunnel = "Tunnel";
  };

  common = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the file is made.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of the file.";
    };
  };

  network = types.submodule {
    options =
      common
      // sectionsOptions networkSections
      // lib.mapAttrs (_: lines) lists
      // {
        name = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The interface, as a short form of `matchConfig.Name`.";
        };
        DHCP = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "Whether to ask for an address, as a short form of `networkConfig.DHCP`.";
        };
        addresses = sectionList "addressConfig" "Addresses with settings";
        routes = sectionList "routeConfig" "Routes";
        routingPolicyRules = sectionList "routingPolicyRuleConfig" "Rules for choosing routes";
        dhcpServerStaticLeases = sectionList "dhcpServerStaticLeaseConfig" "Fixed leases";
        ipv6Prefixes = sectionList "ipv6PrefixConfig" "Announced prefixes";
      };
  };

  netdev = types.submodule {
    options =
      common
      // sectionsOptions netdevSections
      // {
        wireguardPeers = sectionList "wireguardPeerConfig" "Peers of the tunnel";
      };
  };

  link = types.submodule { options = common // sectionsOptions linkSections; };

  simple =
    table: value:
    lib.concatLists (
      lib.mapAttrsToList (
        attribute: name:
        lib.optional (value.${attribute} != { }) {
          inherit name;
          settings = value.${attribute};
        }
      ) table
    );

  repeated = name: map (settings: { inherit name settings; });

  networkFile =
    value:
    let
      inMatch = lib.optionalAttrs (value.name != null) { Name = value.name; };
      inNetwork =
        lib.optionalAttrs (value.DHCP != null) { inherit (value) DHCP; }
        // lib.filterAttrs (_: list: list != [ ]) (
          lib.mapAttrs' (attribute: key: lib.nameValuePair key value.${attribute}) lists
        );
    in
    simple networkSections (
      value
      // {
        matchConfig = inMatch // value.matchConfig;
        networkConfig = inNetwork // value.networkConfig;
      }
    )
    ++ repeated "Address" value.addresses
    ++ repeated "Route" value.routes
    ++ repeated "RoutingPolicyRule" value.routingPolicyRules
    ++ repeated "DHCPServerStaticLease" value.dhcpServerStaticLeases
    ++ repeated "IPv6Prefix" value.ipv6Prefixes;

  netdevFile = value: simple netdevSections value ++ repeated "WireGuardPeer" value.wireguardPeers;

  files =
    suffix: toSections: definitions:
    lib.mapAttrs' (
      name: value:
      lib.nameValuePair "systemd/network/${name}.${suffix}" {
        source = pkgs.render {
          name = lib.strings.sanitizeDerivationName "${name}.${suffix}";
          template = "networkd.j2";
          context = {
            sections = toSections value;
            inherit (value) extraConfig;
          };
        };
      }
    ) (lib.filterAttrs (_: value: value.enable) definitions);
in
{
  options.systemd.network = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether systemd-networkd manages the network.";
    };

    networks = mkOption {
      type = types.attrsOf network;
      default = { };
      example = lib.literalExpression ''
        { "10-lan" = { matchConfig.Name = "enp0s3"; networkConfig.DHCP = "yes"; }; }
      '';
      description = "What to do with interfaces, see {manpage}`systemd.network(5)`.";
    };

    netdevs = mkOption {
      type = types.attrsOf netdev;
      default = { };
      example = lib.literalExpression ''
        { "10-bridge".netdevConfig = { Kind = "bridge"; Name = "br0"; }; }
      '';
      description = "Virtual devices to make, see {manpage}`systemd.netdev(5)`.";
    };

    links = mkOption {
      type = types.attrsOf link;
      default = { };
      description = "Names and hardware settings of interfaces, see {manpage}`systemd.link(5)`.";
    };

    config.networkConfig = section "Network" { SpeedMeter = true; };

    wait-online = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether `network-online.target` waits for the network.";
      };
      anyInterface = mkOption {
        type = types.bool;
        default = true;
        description = "Whether one interface that is up is enough.";
      };
      timeout = mkOption {
        type = types.ints.unsigned;
        default = 120;
        description = "How many seconds to wait; 0 waits for ever.";
      };
      extraArgs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "More arguments of `systemd-networkd-wait-online`.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.enabledUnits = [ "systemd-networkd.service" ];

    environment.etc =
      files "network" networkFile cfg.networks
      // files "netdev" netdevFile cfg.netdevs
      // files "link" (simple linkSections) cfg.links
      // lib.optionalAttrs (cfg.config.networkConfig != { }) {
        "systemd/networkd.conf".source = pkgs.render {
          name = "networkd.conf";
          template = "unit.j2";
          context.sections = [
            {
              name = "Network";
              settings = cfg.config.networkConfig;
            }
          ];
        };
      };

    systemd.services.systemd-networkd.reloadTriggers = lib.mapAttrsToList (_: entry: entry.source) (
      lib.filterAttrs (name: _: lib.hasPrefix "systemd/network" name) config.environment.etc
    );

    systemd.services.systemd-networkd-wait-online = {
      inherit (cfg.wait-online) enable;
      # Online is a matter of the boot, not of a switch.
      restartIfChanged = false;
      serviceConfig.ExecStart = [
        ""
        (lib.concatStringsSep " " (
          [ "/usr/lib/systemd/systemd-networkd-wait-online" ]
          ++ lib.optional cfg.wait-online.anyInterface "--any"
          ++ [ "--timeout=${toString cfg.wait-online.timeout}" ]
          ++ cfg.wait-online.extraArgs
        ))
      ];
    };
  };
}
