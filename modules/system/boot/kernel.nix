# The kernel: which one, its parameters and its modules.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.boot;
  inherit (cfg.kernelPackages) kernel;

  early = config.system.build.earlyFileSystems ++ lib.optional (config.fileSystems ? "/") config.fileSystems."/";

  # Disks and keyboards that most machines start with; a kernel for clouds lacks some.
  usualModules = [
    "ahci"
    "ata_piix"
    "ehci_pci"
    "ext4"
    "hid_generic"
    "nvme"
    "sd_mod"
    "sr_mod"
    "uhci_hcd"
    "usb_storage"
    "usbhid"
    "virtio_blk"
    "virtio_net"
    "virtio_pci"
    "virtio_scsi"
    "xhci_pci"
  ];

  modulesFile =
    names: lib.concatMapStrings (name: "${name}\n") (lib.unique names);
in
{
  options.boot = {
    kernelPackages = mkOption {
      type = types.raw;
      default = pkgs.linuxPackages;
      defaultText = lib.literalExpression "pkgs.linuxPackages";
      example = lib.literalExpression "pkgs.linuxPackages_cloud";
      description = "The kernel, with the packages that must fit it.";
    };

    extraModulePackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages of modules built for the kernel.";
    };

    kernelParams = mkOption {
      type = types.listOf (
        types.strMatching ''([^"[:space:]]|"[^"]*")+''
        // {
          name = "kernelParam";
          description = "kernel parameter, without spaces outside quotes";
        }
      );
      default = [ ];
      example = [ "quiet" ];
      description = "Parameters of the kernel's command line.";
    };

    consoleLogLevel = mkOption {
      type = types.int;
      default = 4;
      description = "Messages of the kernel below this level are shown on the console.";
    };

    kernelModules = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "kvm-intel" ];
      description = "Modules to load at boot, after the initrd.";
    };

    blacklistedKernelModules = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "pcspkr" ];
      description = "Modules not to load for a device.";
    };

    extraModprobeConfig = mkOption {
      type = types.lines;
      default = "";
      example = "options kvm-intel nested=1";
      description = "Lines of {manpage}`modprobe.d(5)`.";
    };

    initrd = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the system starts through an initrd.";
      };

      availableKernelModules = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "nvme" ];
        description = "Modules in the initrd, loaded when their device is there.";
      };

      kernelModules = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "virtio_gpu" ];
        description = "Modules in the initrd that are always loaded.";
      };

      includeDefaultModules = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the initrd has the modules for usual disks and keyboards.";
      };

      supportedFilesystems = mkOption {
        type = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: true)) (types.attrsOf types.bool);
        default = { };
        example = [ "btrfs" ];
        description = "Types of file systems that the initrd can mount, beside that of `/`.";
      };

      luks.devices = mkOption {
        type = types.attrsOf (
          types.submodule {
            options = {
              device = mkOption {
                type = types.str;
                example = "/dev/disk/by-uuid/430e9eff-d852-4f68-aa3b-2fa3599ebe08";
                description = "The encrypted device.";
              };
              allowDiscards = mkOption {
                type = types.bool;
                default = false;
                description = "Whether unused blocks show on the device.";
              };
              keyFile = mkOption {
                type = types.nullOr types.str;
                default = null;
                description = "A file or device with the key, in place of a passphrase.";
              };
            };
          }
        );
        default = { };
        description = "Encrypted devices to open before the root is mounted.";
      };
    };
  };

  config = {
    # Opened by the initrd; the rules that name them are for the system.
    environment.systemPackages = lib.optional (cfg.initrd.luks.devices != { }) pkgs.cryptsetup;

    boot.kernelParams = [ "loglevel=${toString cfg.consoleLogLevel}" ];

    # Those of the file systems that the initrd mounts.
    boot.initrd.supportedFilesystems = lib.genAttrs (lib.filter (
      fsType:
      !lib.elem fsType [
        "auto"
        "none"
        "bind"
        "tmpfs"
      ]
    ) (map (fs: fs.fsType) early)) (_: true);

    environment.etc = {
      "modules-load.d/osconf.conf".text = modulesFile cfg.kernelModules;
      "modprobe.d/osconf.conf".text =
        lib.concatMapStrings (name: "blacklist ${name}\n") cfg.blacklistedKernelModules + cfg.extraModprobeConfig;
    };

    system.build = {
      inherit kernel;
      kernelImage = kernel.image;
      kernelVersion = kernel.modDirVersion;

      modulesTree = pkgs.makeModulesTree {
        inherit kernel;
        inherit (cfg) extraModulePackages;
      };

      initrd = pkgs.makeInitrd {
        modules = config.system.build.modulesTree;
        kernelVersion = kernel.modDirVersion;
        kernelModules = lib.unique cfg.initrd.kernelModules;
        availableKernelModules = lib.unique (
          cfg.initrd.availableKernelModules
          ++ lib.attrNames (lib.filterAttrs (_: isSupported: isSupported) cfg.initrd.supportedFilesystems)
        );
        optionalKernelModules = lib.optionals cfg.initrd.includeDefaultModules usualModules;
        fileSystems = config.system.build.earlyFileSystems;
        luksDevices = cfg.initrd.luks.devices;
      };

      initialRamdisk = config.system.build.initrd;
      initrdImage = if cfg.initrd.enable then "${config.system.build.initrd}/initrd" else "";
    };
  };
}
