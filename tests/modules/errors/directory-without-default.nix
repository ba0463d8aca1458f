{ lib }:
(lib.evalModules {
  modules = [
    { imports = [ ./support ]; }
  ];
}).config
