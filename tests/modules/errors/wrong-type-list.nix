{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { networking.firewall.allowedTCPPorts = 80; } ]).networking.firewall.allowedTCPPorts
