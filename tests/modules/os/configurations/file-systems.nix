# File systems and swap: fields that need escaping, order, checks, what the initrd mounts.
# show: config.environment.etc.fstab.source
# value: config.boot.kernelParams
# value: config.system.build.earlyFileSystems
# value: config.boot.initrd.supportedFilesystems
{
  fileSystems = {
    "/" = {
      label = "root";
      fsType = "ext4";
      options = [ "noatime" ];
    };
    "/var" = {
      device = "/dev/sdc1";
      fsType = "ext4";
    };
    "/my data" = {
      device = "/dev/disk/by-label/my#data";
      fsType = "xfs";
      depends = [ "/var" ];
    };
    "/scratch" = {
      fsType = "tmpfs";
      options = [
        "size=1G"
        "mode=1777"
      ];
    };
  };
  swapDevices = [
    {
      device = "/var/swap";
      size = 512;
      priority = 3;
    }
    { label = "swap"; }
  ];
}
