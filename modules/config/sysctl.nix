# Settings of the running kernel.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;

  # Two modules may ask for the same setting: limits are merged to the larger.
  value = types.mkOptionType {
    name = "sysctl option value";
    description = "value of a kernel setting";
    check = setting: setting == null || lib.isBool setting || lib.isString setting || lib.isInt setting;
    merge =
      loc: definitions:
      let
        values = map (definition: definition.value) definitions;
      in
      if lib.length values > 1 && lib.all lib.isInt values then
        lib.foldl' lib.max (lib.head values) values
      else
        lib.mergeEqualOption loc definitions;
  };

  text = setting: if setting == true then "1" else if setting == false then "0" else toString setting;
in
{
  options.boot.kernel.sysctl = mkOption {
    type = types.attrsOf value;
    default = { };
    example = {
      "net.ipv4.ip_forward" = true;
      "vm.swappiness" = 10;
    };
    description = "Settings of the kernel, see {manpage}`sysctl(8)`. `null` leaves one alone.";
  };

  config.environment.etc."sysctl.d/60-osconf.conf".source = pkgs.render {
    name = "60-osconf.conf";
    template = "sysctl.j2";
    context.settings = lib.mapAttrs (_: text) (lib.filterAttrs (_: setting: setting != null) config.boot.kernel.sysctl);
  };

  config.boot.kernel.sysctl."kernel.printk" = lib.mkDefault config.boot.consoleLogLevel;
}
