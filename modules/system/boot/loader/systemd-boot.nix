# systemd-boot, the plain boot loader for EFI machines.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.boot.loader.systemd-boot;
in
{
  options.boot.loader.systemd-boot = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether systemd-boot starts the system.";
    };

    configurationLimit = mkOption {
      type = types.nullOr types.int;
      default = 20;
      apply = limit: if limit == null then 1000 else limit;
      description = "How many generations the menu shows at most; their kernels take room on the EFI system partition.";
    };

    editor = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the kernel's command line can be changed in the menu. Whoever can do that is root.";
    };

    consoleMode = mkOption {
      type = types.enum [
        "0"
        "1"
        "2"
        "5"
        "auto"
        "max"
        "keep"
      ];
      default = "keep";
      description = "The resolution of the console.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.systemd-boot pkgs.systemd-boot-efi ];

    assertions = [
      {
        assertion = config.fileSystems ? ${config.boot.loader.efi.efiSysMountPoint};
        message = ''
          systemd-boot needs the EFI system partition: declare fileSystems."${config.boot.loader.efi.efiSysMountPoint}",
              or set boot.loader.efi.efiSysMountPoint to where it is mounted.'';
      }
    ];
  };
}
