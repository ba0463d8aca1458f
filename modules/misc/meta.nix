# Who looks after a module, and where it is documented.
{ lib, ... }:

{
  options.meta = {
    maintainers = lib.mkOption {
      type = lib.types.listOf lib.types.raw;
      internal = true;
      default = [ ];
      description = "People who look after the modules that name them here.";
    };
    doc = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      internal = true;
      default = null;
      description = "A text that documents the module beyond its options.";
    };
  };
}
