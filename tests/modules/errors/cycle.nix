{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ ({ config, ... }: { a = config.b; b = "${config.c}!"; c = config.a; }) ]).c
