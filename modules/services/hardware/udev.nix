# udev: what happens when a device appears.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.udev;
in
{
  options.services.udev = {
    extraRules = mkOption {
      type = types.lines;
      default = "";
      example = ''SUBSYSTEM=="usb", ATTR{idVendor}=="0483", MODE="0666"'';
      description = "Rules of {manpage}`udev(7)`, in a file that sorts after those of packages.";
    };

    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages whose rules join the system.";
    };

    extraHwdb = mkOption {
      type = types.lines;
      default = "";
      description = "Entries of {manpage}`hwdb(7)`.";
    };
  };

  config = {
    environment.systemPackages = cfg.packages;
    environment.etc = {
      "udev/rules.d/99-local.rules" = lib.mkIf (cfg.extraRules != "") { text = cfg.extraRules; };
      "udev/hwdb.d/99-local.hwdb" = lib.mkIf (cfg.extraHwdb != "") { text = cfg.extraHwdb; };
    };
  };
}
