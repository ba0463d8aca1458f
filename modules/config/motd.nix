# What people see after they logged in.
{ config, lib, ... }:

{
  options.users.motd = lib.mkOption {
    type = lib.types.nullOr lib.types.lines;
    default = null;
    example = "Mind the gap.";
    description = "A text for everybody who logs in, in place of Debian's.";
  };

  config.environment.etc = lib.mkIf (config.users.motd != null) {
    "motd".text = config.users.motd;
    "update-motd.d/10-uname".enable = false;
  };
}
