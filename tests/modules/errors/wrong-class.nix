{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(lib.evalModules { class = "osconf"; modules = [ { _class = "home"; _file = "home.nix"; } ]; }).config
