# Swap space in compressed memory.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.zramSwap;
in
{
  options.zramSwap = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether part of the memory holds compressed pages.";
    };

    memoryPercent = mkOption {
      type = types.int;
      default = 50;
      description = "How much may be stored, in percent of the memory, before compression.";
    };

    memoryMax = mkOption {
      type = types.nullOr types.int;
      default = null;
      description = "How much may be stored at most, in bytes.";
    };

    algorithm = mkOption {
      type = types.str;
      default = "zstd";
      example = "lz4";
      description = "How pages are compressed.";
    };

    priority = mkOption {
      type = types.int;
      default = 5;
      description = "Swap spaces of a higher priority are used first.";
    };
  };

  config = lib.mkIf cfg.enable {
    boot.kernelModules = [ "zram" ];
    environment.systemPackages = [ pkgs.systemd-zram-generator ];

    environment.etc."systemd/zram-generator.conf".source = pkgs.render {
      name = "zram-generator.conf";
      template = "unit.j2";
      context.sections = [
        {
          name = "zram0";
          settings = {
            zram-size =
              let
                share = "ram * ${toString cfg.memoryPercent} / 100";
              in
              if cfg.memoryMax == null then share else "min(${share}, ${toString (cfg.memoryMax / 1024 / 1024)})";
            compression-algorithm = cfg.algorithm;
            swap-priority = cfg.priority;
          };
        }
      ];
    };
  };
}
