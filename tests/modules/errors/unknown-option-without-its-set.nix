{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
builtins.deepSeq (evaluate [ { nginx.enable = true; } ]) null
