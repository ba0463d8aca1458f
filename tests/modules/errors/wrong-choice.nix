{ lib }:
(lib.evalModules {
  modules = [
    { options.mode = lib.mkOption { type = lib.types.nullOr (lib.types.either (lib.types.enum [ "strict" "loose" ]) lib.types.int); }; }
    { mode = "strickt"; }
  ];
}).config.mode
