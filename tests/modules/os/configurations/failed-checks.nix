# Assertions of modules, together in one message.
# fails
{
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/sda1";
  networking.defaultGateway = "192.0.2.1";
  networking.useDHCP = false;
  services.nginx = {
    enable = true;
    virtualHosts.a.forceSSL = true;
  };
  system.healthChecks.nothing = { };
  users.mutableUsers = false;
}
