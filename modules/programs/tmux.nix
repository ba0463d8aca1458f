# tmux: several shells in one terminal, which live on when it is gone.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.programs.tmux;
in
{
  options.programs.tmux = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether tmux is there.";
    };
    keyMode = mkOption {
      type = types.enum [
        "emacs"
        "vi"
      ];
      default = "emacs";
      description = "Whose keys it has.";
    };
    historyLimit = mkOption {
      type = types.ints.positive;
      default = 2000;
      description = "How many lines of each window are kept.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "More lines of `/etc/tmux.conf`.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.tmux ];
    environment.etc."tmux.conf".text = ''
      set -g mode-keys ${cfg.keyMode}
      set -g status-keys ${cfg.keyMode}
      set -g history-limit ${toString cfg.historyLimit}
      ${cfg.extraConfig}
    '';
  };
}
