{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [
  (lib.mkAliasOptionModule [ "hostname" ] [ "networking" "hostName" ])
  { _file = "old.nix"; hostname = "one"; }
  { networking.hostName = "two"; }
]).networking.hostName
