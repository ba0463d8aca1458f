{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [ ({ config, ... }: { imports = lib.optional config.services.nginx.enable ./other.nix; }) ]
