{ lib }:
let
  swap = lib.types.submodule { options.device = lib.mkOption { type = lib.types.str; }; };
in
builtins.deepSeq
  (lib.evalModules {
    modules = [
      { options.swap = lib.mkOption { type = lib.types.listOf swap; }; }
      { swap = [ { devise = "/dev/one"; size = 3; } ]; }
    ];
  }).config
  null
