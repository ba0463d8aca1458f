{ lib }:
(lib.evalModules {
  modules = [
    { options.port = lib.mkOption { type = lib.types.port; default = 80; }; }
    { config = { lib, ... }: { port = 81; }; }
  ];
}).config
