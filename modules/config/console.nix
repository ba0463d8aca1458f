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
    # Debian's vconsole.conf is a link to this file, which systemd-tmpfiles makes.
    environment.etc."default/keyboard".text =
      "KEYMAP=${cfg.keyMap}\n" + lib.optionalString (cfg.font != null) "FONT=${cfg.font}\n";

    # The kernel's own layout is "us": with that there is nothing to do.
    systemd.services.osconf-console = lib.mkIf (cfg.keyMap != "us" || cfg.font != null) {
      description = "Keyboard layout and letters of the console";
      wantedBy = [ "multi-user.target" ];
      before = [ "getty.target" ];
      unitConfig.ConditionPathExists = "/dev/tty0";
      path = [
        pkgs.kbd
        pkgs.console-data
        pkgs.console-setup-linux
      ]
      ++ cfg.packages;
      script =
        lib.optionalString (cfg.keyMap != "us") ''
          loadkeys ${lib.escapeShellArg cfg.keyMap}
        ''
        + lib.optionalString (cfg.font != null) ''
          for console in /dev/tty[1-6]; do
            # A machine without a screen has consoles without letters.
            setfont -C "$console" ${lib.escapeShellArg cfg.font} || echo "$console keeps its letters" >&2
          done
        '';
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
    };
  };
}
