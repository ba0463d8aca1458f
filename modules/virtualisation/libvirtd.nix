# libvirt, for virtual machines.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.virtualisation.libvirtd;
in
{
  options.virtualisation.libvirtd = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether virtual machines can be run. Members of the group `libvirt` may manage them.";
    };

    qemu.runAsRoot = mkOption {
      type = types.bool;
      default = true;
      description = "Whether machines run as root.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      pkgs.libvirt-daemon-system
      pkgs.libvirt-clients
      pkgs.qemu-system-x86
    ];
    boot.kernelModules = [ "tun" ];
    users.groups.libvirt = { };
    security.polkit.enable = true;
    systemd.enabledUnits = [
      "libvirtd.service"
      "libvirtd.socket"
      "virtlogd.socket"
    ];
    environment.etc."libvirt/qemu.conf".text = lib.optionalString cfg.qemu.runAsRoot ''
      user = "root"
      group = "root"
    '';
  };
}
