{ lib }:
let
  hello = { type = "derivation"; name = "hello-1.0"; outPath = "/x"; };
  evaluate = modules: (lib.evalModules { modules = [ { options.packages = lib.mkOption { type = lib.types.listOf lib.types.package; }; options.text = lib.mkOption { type = lib.types.str; }; } ] ++ modules; }).config;
in
lib.head (evaluate [ { packages = [ "vim" hello ]; } ]).packages
