{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [
  {
    services.nginx.virtualHosts."example.org".locations."/".proxypass = "http://localhost";
  }
]).services.nginx.virtualHosts."example.org".locations."/".proxyPass
