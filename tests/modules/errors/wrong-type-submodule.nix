{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { services.nginx.virtualHosts.a.root = 5; } ]).services.nginx.virtualHosts.a.root
