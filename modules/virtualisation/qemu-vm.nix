# What differs when a configuration runs in `osconf build-vm`: where the root is, and what the emulator offers.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.virtualisation;
in
{
  config = {
    fileSystems = lib.mkVMOverride {
      "/" = {
        device = "/dev/disk/by-label/osconf";
        fsType = "ext4";
      };
    };
    swapDevices = lib.mkVMOverride [ ];
    # The runner names kernel and initrd itself.
    boot.loader.grub.enable = lib.mkVMOverride false;
    boot.kernelParams = [ "console=ttyS0" ];
    boot.initrd.availableKernelModules = [
      "virtio_pci"
      "virtio_blk"
      "virtio_scsi"
      "sd_mod"
      "virtio_net"
      "virtio_console"
      "virtio_rng"
      "ext4"
      "erofs"
      "overlay"
    ];

    system.build.vm = pkgs.makeVmRunner {
      system = config.system.build.toplevel;
      inherit (config.networking) hostName;
      inherit (cfg)
        memorySize
        cores
        diskSize
        forwardPorts
        graphics
        ;
      qemuOptions = cfg.qemu.options;
    };
  };
}
