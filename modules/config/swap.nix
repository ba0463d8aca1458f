# Swap space.
{ config, lib, pkgs, utils, ... }:

let
  inherit (lib) mkOption types;

  swap =
    { config, ... }:
    {
      options = {
        device = mkOption {
          type = types.nonEmptyStr;
          example = "/dev/sda3";
          description = "A partition or a file.";
        };
        label = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The label of the swap space, in place of {option}`device`.";
        };
        size = mkOption {
          type = types.nullOr types.int;
          default = null;
          example = 2048;
          description = "The size in MiB. A file of this size is made when it is missing.";
        };
        priority = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "Swap spaces of a higher priority are used first.";
        };
        options = mkOption {
          type = types.listOf types.str;
          default = [ "defaults" ];
          example = [ "nofail" ];
          description = "Mount options.";
        };
        discardPolicy = mkOption {
          type = types.nullOr (
            types.enum [
              "once"
              "pages"
              "both"
            ]
          );
          default = null;
          description = "When to tell an SSD about unused pages.";
        };
        realDevice = mkOption {
          type = types.str;
          internal = true;
          description = "The device that is used.";
        };
      };
      config = {
        device = lib.mkIf (config.label != null) (lib.mkDefault "/dev/disk/by-label/${config.label}");
        realDevice = lib.mkDefault config.device;
        options = lib.mkIf (config.discardPolicy != null) [
          (if config.discardPolicy == "both" then "discard" else "discard=${config.discardPolicy}")
        ];
      };
    };

  makeSwapFile =
    swap:
    let
      unit = utils.escapeSystemdPath swap.device;
    in
    lib.nameValuePair "mkswap-${unit}" {
      description = "Make the swap file ${swap.device}";
      wantedBy = [ "${unit}.swap" ];
      before = [
        "${unit}.swap"
        "shutdown.target"
      ];
      conflicts = [ "shutdown.target" ];
      unitConfig = {
        DefaultDependencies = false;
        RequiresMountsFor = [ (dirOf swap.device) ];
        ConditionPathExists = "!${swap.device}";
      };
      serviceConfig.Type = "oneshot";
      path = [ pkgs.util-linux ];
      script = ''
        umask 077
        fallocate --length ${toString swap.size}MiB ${lib.escapeShellArg swap.device}.new
        mkswap ${lib.escapeShellArg swap.device}.new
        mv ${lib.escapeShellArg swap.device}.new ${lib.escapeShellArg swap.device}
      '';
    };
in
{
  options.swapDevices = mkOption {
    type = types.listOf (types.submodule swap);
    default = [ ];
    example = lib.literalExpression ''[ { device = "/var/swapfile"; size = 2048; } ]'';
    description = "Swap partitions and files.";
  };

  config.systemd.services = lib.listToAttrs (
    map makeSwapFile (lib.filter (swap: swap.size != null) config.swapDevices)
  );
}
