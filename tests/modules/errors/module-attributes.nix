{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [ { config.a = "x"; services.nginx.enable = true; b = "y"; } ]
