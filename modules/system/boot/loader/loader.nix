# What every boot loader knows, and the summary of it that activation writes the menu from.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.boot.loader;

  chosen = lib.filter (name: cfg.${name}.enable) [
    "grub"
    "systemd-boot"
  ];
in
{
  options.boot.loader = {
    timeout = mkOption {
      type = types.nullOr types.int;
      default = 5;
      description = "How many seconds the menu waits. `null` waits until something is chosen.";
    };

    efi = {
      canTouchEfiVariables = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the machine's firmware may be told to start this system.";
      };
      efiSysMountPoint = mkOption {
        type = types.str;
        default = "/boot";
        description = "Where the EFI system partition is mounted.";
      };
    };

    external.enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether something outside of this system starts it, so that no boot loader is needed.";
    };
  };

  config = {
    assertions = [
      {
        assertion = lib.length chosen <= 1;
        message = "Only one of boot.loader.grub and boot.loader.systemd-boot can be enabled.";
      }
    ];

    system.build.bootSettings = {
      loader = if chosen == [ ] then "none" else lib.head chosen;
      devices = lib.unique (cfg.grub.devices ++ lib.optional (cfg.grub.device != "") cfg.grub.device);
      device = if cfg.grub.device == "" then null else cfg.grub.device;
      efiSupport = cfg.grub.efiSupport || cfg.systemd-boot.enable;
      efiMountPoint = cfg.efi.efiSysMountPoint;
      inherit (cfg.efi) canTouchEfiVariables;
      inherit (cfg) timeout;
      configurationLimit =
        if cfg.systemd-boot.enable then cfg.systemd-boot.configurationLimit else cfg.grub.configurationLimit;
      inherit (cfg.grub)
        extraConfig
        extraEntries
        default
        ;
      extraPrepareConfig = cfg.grub.extraPrepareConfig;
      inherit (cfg.systemd-boot) consoleMode editor;
      serial = lib.any (lib.hasPrefix "console=ttyS") config.boot.kernelParams;
      inherit (config.boot) kernelParams;
    };
  };
}
