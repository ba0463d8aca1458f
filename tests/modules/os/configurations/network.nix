# Addresses, names and name servers.
# show: config.environment.etc."systemd/network/40-enp0s3.network".source
# show: config.environment.etc."systemd/network/10-br0.netdev".source
# show: config.environment.etc."systemd/network/20-lan.network".source
# show: config.environment.etc."resolv.conf".source
# show: config.environment.etc.hosts.source
# value: config.services.resolved.enable
{
  networking = {
    hostName = "gate";
    domain = "example.org";
    useDHCP = false;
    nameservers = [ "192.0.2.53" ];
    search = [ "example.org" ];
    interfaces.enp0s3 = {
      ipv4.addresses = [
        {
          address = "192.0.2.10";
          prefixLength = 24;
        }
      ];
      ipv4.routes = [
        {
          address = "198.51.100.0";
          prefixLength = 24;
          via = "192.0.2.2";
        }
      ];
      ipv6.addresses = [
        {
          address = "2001:db8::10";
          prefixLength = 64;
        }
      ];
      mtu = 9000;
    };
    defaultGateway = "192.0.2.1";
    defaultGateway6 = {
      address = "fe80::1";
      interface = "enp0s3";
    };
    hosts."192.0.2.2" = [ "printer" ];
    extraHosts = "192.0.2.3 scanner";
  };
  systemd.network = {
    netdevs."10-br0".netdevConfig = {
      Kind = "bridge";
      Name = "br0";
    };
    networks."20-lan" = {
      matchConfig.Name = "br0";
      networkConfig.IPv6AcceptRA = true;
      address = [
        "10.0.0.1/24"
        "10.0.1.1/24"
      ];
      routes = [
        { Gateway = "10.0.0.2"; }
        { routeConfig.Gateway = "10.0.0.3"; }
      ];
    };
  };
}
