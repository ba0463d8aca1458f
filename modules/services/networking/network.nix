# Addresses, routes and interfaces in NixOS's words, carried out by systemd-networkd.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking;

  addressOf =
    version:
    types.submodule {
      options = {
        address = mkOption {
          type = types.str;
          example = if version == 4 then "192.0.2.10" else "2001:db8::10";
          description = "The address.";
        };
        prefixLength = mkOption {
          type = types.ints.between 0 (if version == 4 then 32 else 128);
          example = if version == 4 then 24 else 64;
          description = "How many bits of it are the network's.";
        };
      };
    };

  routeOf =
    version:
    types.submodule {
      options = {
        address = mkOption {
          type = types.str;
          description = "The network the route leads to.";
        };
        prefixLength = mkOption {
          type = types.ints.between 0 (if version == 4 then 32 else 128);
          description = "How many bits of {option}`address` are the network's.";
        };
        via = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The next hop.";
        };
        options = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = {
            Metric = "100";
          };
          description = "More settings of networkd's `[Route]` section.";
        };
      };
    };

  family = version: {
    addresses = mkOption {
      type = types.listOf (addressOf version);
      default = [ ];
      description = "Addresses of the interface.";
    };
    routes = mkOption {
      type = types.listOf (routeOf version);
      default = [ ];
      description = "Routes through the interface.";
    };
  };

  interface = types.submodule (
    { name, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
          description = "The name of the interface.";
        };
        useDHCP = mkOption {
          type = types.nullOr types.bool;
          default = null;
          description = "Whether the interface asks for its address. `null` follows {option}`networking.useDHCP`.";
        };
        ipv4 = family 4;
        ipv6 = family 6;
        macAddress = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The hardware address to use.";
        };
        mtu = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "The largest packet, in bytes.";
        };
        wakeOnLan.enable = mkOption {
          type = types.bool;
          default = false;
          description = "Whether a packet from the network wakes the machine.";
        };
      };
    }
  );

  gateway = types.coercedTo types.str (address: { inherit address; }) (
    types.submodule {
      options = {
        address = mkOption {
          type = types.str;
          description = "The address of the gateway.";
        };
        interface = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "enp0s3";
          description = "The interface it is reached through.";
        };
        metric = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "Routes of a lower metric are preferred.";
        };
      };
    }
  );

  gateways = lib.filter (value: value != null) [
    cfg.defaultGateway
    cfg.defaultGateway6
  ];

  asksForAddress = value: if value.useDHCP == null then cfg.useDHCP else value.useDHCP;

  withLength = value: "${value.address}/${toString value.prefixLength}";

  routeSection =
    route:
    {
      Destination = withLength route;
    }
    // lib.optionalAttrs (route.via != null) { Gateway = route.via; }
    // route.options;

  gatewaySection =
    value:
    { Gateway = value.address; } // lib.optionalAttrs (value.metric != null) { Metric = value.metric; };

  # A gateway goes to the interface it names, or to the first that has an address.
  gatewaysOf =
    value:
    lib.filter (
      candidate:
      if candidate.interface != null then
        candidate.interface == value.name
      else
        value.name == (lib.head (lib.attrValues addressed)).name
    ) gateways;

  addressed = lib.filterAttrs (_: value: value.ipv4.addresses ++ value.ipv6.addresses != [ ]) cfg.interfaces;

  networkOf =
    value:
    {
      matchConfig.Name = value.name;
      address = map withLength (value.ipv4.addresses ++ value.ipv6.addresses);
      routes =
        map routeSection (value.ipv4.routes ++ value.ipv6.routes)
        ++ lib.optionals (addressed ? ${value.name}) (map gatewaySection (gatewaysOf value));
      networkConfig.DHCP = if asksForAddress value then "yes" else "no";
      linkConfig =
        lib.optionalAttrs (value.macAddress != null) { MACAddress = value.macAddress; }
        // lib.optionalAttrs (value.mtu != null) { MTUBytes = toString value.mtu; };
    };
in
{
  options.networking = {
    useDHCP = mkOption {
      type = types.bool;
      default = true;
      description = "Whether interfaces without settings of their own ask for an address.";
    };

    useNetworkd = mkOption {
      type = types.bool;
      default = true;
      description = "Accepted for configurations that say so; systemd-networkd is what osconf uses.";
    };

    interfaces = mkOption {
      type = types.attrsOf interface;
      default = { };
      example = lib.literalExpression ''
        { enp0s3.ipv4.addresses = [ { address = "192.0.2.10"; prefixLength = 24; } ]; }
      '';
      description = "Interfaces, by name.";
    };

    defaultGateway = mkOption {
      type = types.nullOr gateway;
      default = null;
      example = "192.0.2.1";
      description = "Where IPv4 packets for the rest of the world go.";
    };

    defaultGateway6 = mkOption {
      type = types.nullOr gateway;
      default = null;
      example = {
        address = "fe80::1";
        interface = "enp0s3";
      };
      description = "Where IPv6 packets for the rest of the world go.";
    };

    enableIPv6 = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the machine speaks IPv6.";
    };

    usePredictableInterfaceNames = mkOption {
      type = types.bool;
      default = true;
      description = "Whether interfaces are named for their place in the machine, as in `enp0s3`.";
    };
  };

  config = {
    assertions = lib.optional (gateways != [ ]) {
      assertion = addressed != { } || lib.all (value: value.interface != null) gateways;
      message = ''
        networking.defaultGateway is set, but no interface has an address. Set networking.interfaces.<name>.ipv4.addresses,
            or say which interface the gateway is behind.'';
    };

    systemd.network = {
      enable = lib.mkDefault true;
      networks =
        lib.mapAttrs' (name: value: lib.nameValuePair "40-${name}" (networkOf value)) cfg.interfaces
        // lib.optionalAttrs cfg.useDHCP {
          "99-ethernet-default-dhcp" = {
            matchConfig = {
              Type = "ether";
              # Bridges, tunnels and containers are ether too.
              Kind = "!*";
            };
            networkConfig = {
              DHCP = "yes";
              IPv6PrivacyExtensions = "kernel";
            };
          };
        };
      links = lib.mapAttrs' (
        name: value:
        lib.nameValuePair "40-${name}" {
          matchConfig.OriginalName = name;
          linkConfig.WakeOnLan = "magic";
        }
      ) (lib.filterAttrs (_: value: value.wakeOnLan.enable) cfg.interfaces);
    };

    boot.kernelParams =
      lib.optional (!cfg.usePredictableInterfaceNames) "net.ifnames=0"
      ++ lib.optional (!cfg.enableIPv6) "ipv6.disable=1";
  };
}
