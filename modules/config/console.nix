# The text console: keyboard and letters.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.console;
in
{
  options.console = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the machine has text consoles.";
    };

    keyMap = mkOption {
      type = types.either types.str types.path;
      default = "us";
      example = "de";
      description = "The layout of the keyboard.";
    };

    font = mkOption {
      type = types.nullOr (types.either types.str types.path);
      default = null;
      example = "Lat2-Terminus16";
      description = "The letters of the console. `null` leaves the kernel's.";
    };

    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.console-setup-linux ]";
      description = "Packages with more layouts and fonts.";
    };

    earlySetup = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the console is set up in the initrd already.";
    };

    useXkbConfig = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the layout is that of the graphical session.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages =
      cfg.packages ++ lib.optionals (cfg.keyMap != "us" || cfg.font != null) [ pkgs.kbd pkgs.console-data ];

    # Debian's vconsole.conf is a link to this file, which systemd-tmpfiles makes.
    environment.etc."default/keyboard".text =
      "KEYMAP=${cfg.keyMap}\n" + lib.optionalString (cfg.font != null) "FONT=${cfg.font}\n";

    # Without kbd there is nothing that could change the kernel's own layout.
    systemd.services.systemd-vconsole-setup = lib.mkIf (cfg.keyMap == "us" && cfg.font == null) { enable = false; };
  };
}
