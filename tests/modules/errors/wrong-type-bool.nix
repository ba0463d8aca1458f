{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { services.nginx.enable = "yes"; } { services.nginx.enable = lib.mkIf true true; } ]).services.nginx.enable
