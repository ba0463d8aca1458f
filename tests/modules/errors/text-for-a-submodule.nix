{ lib }:
let
  swap = lib.types.submodule { options.device = lib.mkOption { type = lib.types.str; }; };
in
builtins.deepSeq
  (lib.evalModules {
    modules = [
      { options.swap = lib.mkOption { type = lib.types.listOf swap; }; }
      { swap = [ { device = "/dev/one"; } "/dev/two" ]; }
    ];
  }).config
  null
