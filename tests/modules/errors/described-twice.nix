# Two modules declare one option, each with a description.
{ lib }:
(lib.evalModules {
  modules = [
    { options.port = lib.mkOption { type = lib.types.port; description = "Where it listens."; }; }
    { options.port = lib.mkOption { type = lib.types.port; description = "Where others find it."; }; }
    { port = 80; }
  ];
}).config.port
