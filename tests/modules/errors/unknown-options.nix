{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [
  { networking.hostname = "a"; services.nginx.enabled = true; }
  { networking.firewall.allowedUDPPorts = [ ]; completely.other = 1; }
]
