{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
evaluate [
  {
    imports = lib.mkIf true [ ./support/options.nix ];
  }
]
