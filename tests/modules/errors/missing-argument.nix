{ lib }:
let
  evaluate = modules: (lib.evalModules { modules = [ ./support/options.nix ] ++ modules; }).config;
in
(evaluate [ ({ pkgz, ... }: { a = pkgz.hello; _module.args.pkgs = { }; }) ]).a
