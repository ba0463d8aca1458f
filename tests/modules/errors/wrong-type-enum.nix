{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { time.zone = "Europe/Parsi"; } ]).time.zone
