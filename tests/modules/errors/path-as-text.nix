{ lib }:
(lib.evalModules {
  modules = [
    { options.source = lib.mkOption { type = lib.types.nullOr lib.types.path; }; }
    { source = "files/motd"; }
  ];
}).config.source
