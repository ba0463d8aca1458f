# The firewall in all its parts.
# show: config.system.build.firewallRules.ipv4
# show: config.system.build.firewallRules.ipv6
# show: config.systemd.units."firewall.service".unit
{
  networking.firewall = {
    allowedTCPPorts = [
      443
      22
      80
      22
    ];
    allowedUDPPortRanges = [
      {
        from = 60000;
        to = 61000;
      }
    ];
    interfaces.enp0s3.allowedTCPPorts = [ 9100 ];
    trustedInterfaces = [ "br0" ];
    checkReversePath = "loose";
    rejectPackets = true;
    logRefusedPackets = true;
    allowPing = true;
    pingLimit = "--limit 1/minute --limit-burst 5";
  };
}
