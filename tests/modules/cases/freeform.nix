# A configuration with a freeform type takes any definition; declared options keep their types.
{ lib }:
let
  evaluated = lib.evalModules {
    modules = [
      ({ config, ... }: {
        freeformType = lib.types.attrsOf (lib.types.attrsOf lib.types.int);
        options.known.a = lib.mkOption { type = lib.types.str; default = "declared"; };
        options.count = lib.mkOption { type = lib.types.int; default = config.free.x; };
      })
      { free.x = 1; known.b = 3; }
      { free = lib.mkMerge [ { y = lib.mkDefault 2; } (lib.mkIf false { z = 1; }) ]; }
      (lib.mkIf false { never.x = 1; })
    ];
  };
  unchecked = lib.evalModules {
    modules = [ { config._module.check = false; options.a = lib.mkOption { default = 1; }; config.b = 2; } ];
  };
in
{ inherit (evaluated) config; unchecked = unchecked.config; }
