{ lib, ... }:
with lib;
{
  options.system = {
    units = mkOption { type = types.attrsOf types.anything; default = { }; };
    users = mkOption { type = types.attrsOf types.anything; default = { }; };
    ports = mkOption { type = types.listOf types.port; default = [ ]; };
  };
}
