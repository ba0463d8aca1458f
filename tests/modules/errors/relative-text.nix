{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [ { imports = [ "hardware.nix" ]; } ]
