# What differs when a configuration becomes a disk image: the root is the image's own file system, whatever the disk is called.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  config = {
    fileSystems = lib.mkVMOverride {
      "/" = {
        device = "/dev/disk/by-label/osconf";
        fsType = "ext4";
      };
    };
    swapDevices = lib.mkVMOverride [ ];
    # Whoever runs an image looks at a screen or at a serial line.
    boot.kernelParams = [
      "console=tty0"
      "console=ttyS0"
    ];
    boot.initrd.availableKernelModules = [
      "virtio_pci"
      "virtio_blk"
      "virtio_scsi"
      "sd_mod"
      "ext4"
    ];

    system.build.image = pkgs.makeDiskImage {
      system = config.system.build.toplevel;
      name = config.networking.hostName;
      format = config.virtualisation.imageFormat;
      size = config.virtualisation.diskSize;
    };
  };
}
