# Sessions, and what the power button and the lid do.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.logind;

  actions = types.enum [
    "ignore"
    "poweroff"
    "reboot"
    "halt"
    "kexec"
    "suspend"
    "hibernate"
    "hybrid-sleep"
    "suspend-then-hibernate"
    "lock"
  ];
in
{
  options.services.logind = {
    lidSwitch = mkOption {
      type = actions;
      default = "suspend";
      description = "What closing the lid does.";
    };

    powerKey = mkOption {
      type = actions;
      default = "poweroff";
      description = "What the power button does.";
    };

    killUserProcesses = mkOption {
      type = types.bool;
      default = false;
      description = "Whether processes end with the session.";
    };

    settings.Login = mkOption {
      type = types.attrsOf (import ../../system/boot/systemd/unit-options.nix { inherit lib; }).setting;
      default = { };
      example = {
        HandleLidSwitch = "ignore";
      };
      description = "Settings of {manpage}`logind.conf(5)`.";
    };
  };

  config = {
    services.logind.settings.Login = {
      HandleLidSwitch = lib.mkDefault cfg.lidSwitch;
      HandlePowerKey = lib.mkDefault cfg.powerKey;
      KillUserProcesses = lib.mkDefault cfg.killUserProcesses;
    };

    environment.etc."systemd/logind.conf".source = pkgs.render {
      name = "logind.conf";
      template = "unit.j2";
      context.sections = [
        {
          name = "Login";
          settings = cfg.settings.Login;
        }
      ];
    };
  };
}
