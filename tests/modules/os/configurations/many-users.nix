# The store's daemon and who may use it.
# show: config.systemd.units."osconf-daemon.socket".unit
# show: config.systemd.units."osconf-daemon.service".unit
# value: config.systemd.units."osconf-daemon.service".usr
# value: config.osconf.settings.trusted-users
# value: config.osconf.settings.allowed-users
{
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/sda1";
  osconf.daemon.idleSeconds = 60;
  nix.settings.trusted-users = [ "root" "@wheel" ];
  osconf.settings.allowed-users = [ "@users" "build" ];
}
