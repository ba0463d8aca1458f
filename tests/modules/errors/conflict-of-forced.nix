{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ { networking.hostName = lib.mkForce "one"; } { networking.hostName = lib.mkForce "two"; } ]).networking.hostName
