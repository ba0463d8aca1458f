{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [
  ({ config, lib, ... }: {
    config = lib.optionalAttrs config.services.nginx.enable {
      networking.firewall.allowedTCPPorts = [ 80 ];
    };
  })
]
