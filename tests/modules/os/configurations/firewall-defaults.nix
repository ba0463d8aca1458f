# A firewall that nobody said anything about, on a machine without IPv6.
# show: config.system.build.firewallRules.ipv4
{
  networking.enableIPv6 = false;
}
