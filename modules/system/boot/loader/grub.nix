# GRUB, the boot loader for BIOS machines and for most others.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.boot.loader.grub;
in
{
  options.boot.loader.grub = {
    enable = mkOption {
      type = types.bool;
      default =
        !config.boot.loader.systemd-boot.enable
        && !config.boot.loader.external.enable
        && !config.boot.isContainer;
      defaultText = lib.literalMD "unless another boot loader is chosen";
      description = "Whether GRUB starts the system.";
    };

    device = mkOption {
      type = types.str;
      default = "";
      example = "/dev/sda";
      description = ''
        The disk whose first sectors start GRUB. `nodev` writes the menu and installs GRUB nowhere.
      '';
    };

    devices = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "/dev/sda"
        "/dev/sdb"
      ];
      description = "More disks to install GRUB on, as for {option}`boot.loader.grub.device`.";
    };

    efiSupport = mkOption {
      type = types.bool;
      default = false;
      description = "Whether GRUB starts on EFI machines.";
    };

    efiInstallAsRemovable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether GRUB goes where EFI looks on removable media, for machines that forget their settings.";
    };

    configurationLimit = mkOption {
      type = types.int;
      default = 100;
      description = "How many generations the menu shows at most.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      example = "serial --unit=0 --speed=115200";
      description = "Commands of GRUB that run before the menu is shown.";
    };

    extraEntries = mkOption {
      type = types.lines;
      default = "";
      example = ''
        menuentry "Other system" {
          chainloader (hd0,4)+1
        }
      '';
      description = "More entries of the menu.";
    };

    extraPrepareConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Shell commands that run before the menu is written.";
    };

    default = mkOption {
      type = types.either types.int types.str;
      default = "saved";
      apply = toString;
      description = "The entry that is started by default: `saved` is the generation of the last switch.";
    };

    splashImage = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A picture behind the menu.";
    };

    useOSProber = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to look for other systems on the machine.";
    };

    memtest86.enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the menu offers a test of the memory.";
    };
  };

  options.boot.isContainer = mkOption {
    type = types.bool;
    default = false;
    description = "Whether the system runs in a container, with no kernel and no boot loader of its own.";
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.device != "" || cfg.devices != [ ] || cfg.efiSupport;
        message = ''
          Where should GRUB be installed? Set boot.loader.grub.device to the disk that the machine starts from,
              for example "/dev/sda", to "nodev" to install it nowhere, or choose boot.loader.systemd-boot.enable on EFI machines.'';
      }
    ];

    environment.systemPackages = [ (if cfg.efiSupport then pkgs.grub-efi-amd64-bin else pkgs.grub-pc-bin) pkgs.grub2-common ];
  };
}
