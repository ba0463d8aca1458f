{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
lib.head (evaluate [ { networking.firewall.allowedTCPPorts = [ "443" ]; } ]).networking.firewall.allowedTCPPorts
