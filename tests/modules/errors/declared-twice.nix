{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { options.a = lib.mkOption { type = lib.types.int; }; } ]).a
