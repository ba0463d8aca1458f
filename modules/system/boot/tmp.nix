# Temporary files.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.boot.tmp;
in
{
  options.boot.tmp = {
    cleanOnBoot = mkOption {
      type = types.bool;
      default = false;
      description = "Whether `/tmp` is emptied at boot.";
    };
    useTmpfs = mkOption {
      type = types.bool;
      default = false;
      description = "Whether `/tmp` is in memory.";
    };
    tmpfsSize = mkOption {
      type = types.oneOf [
        types.str
        types.ints.positive
      ];
      default = "50%";
      description = "How large `/tmp` may grow in memory.";
    };
  };

  config = {
    # Debian's tmp.mount is enabled by its package; a system says itself what it wants.
    systemd.units."tmp.mount" = lib.mkIf (!cfg.useTmpfs) { enable = false; };

    systemd.mounts = lib.mkIf cfg.useTmpfs [
      {
        what = "tmpfs";
        where = "/tmp";
        type = "tmpfs";
        options = "mode=1777,strictatime,nosuid,nodev,size=${toString cfg.tmpfsSize}";
        wantedBy = [ "local-fs.target" ];
        before = [
          "local-fs.target"
          "umount.target"
        ];
        conflicts = [ "umount.target" ];
        unitConfig.DefaultDependencies = false;
      }
    ];

    systemd.tmpfiles.rules = lib.optional cfg.cleanOnBoot "D! /tmp 1777 root root";
  };
}
