# polkit: which programs may ask for which rights.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.security.polkit;
in
{
  options.security.polkit = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether programs can ask for rights.";
    };

    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Rules, in JavaScript.";
    };

    adminIdentities = mkOption {
      type = types.listOf types.str;
      default = [ "unix-group:wheel" ];
      description = "Whose password counts as the administrator's.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ pkgs.polkitd ];

    environment.etc."polkit-1/rules.d/10-osconf.rules".text = ''
      polkit.addAdminRule(function(action, subject) {
        return [${lib.concatMapStringsSep ", " (identity: "'${identity}'") cfg.adminIdentities}];
      });
      ${cfg.extraConfig}
    '';
  };
}
