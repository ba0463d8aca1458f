# Imports: paths once, functions, sets, disabled modules, keys, arguments.
{ lib }:
let
  counter = { key = "counter"; config.trail = [ "keyed" ]; };
in
(lib.evalModules {
  specialArgs = { flavour = "vanilla"; modulesPath = toString ./.; };
  modules = [
    ({ lib, ... }: {
      options.trail = lib.mkOption { type = lib.types.listOf lib.types.str; };
      options.arg = lib.mkOption { type = lib.types.str; };
      imports = [ ./support/leaf.nix ./support/branch.nix ./support/leaf.nix counter counter ];
    })
    { __functor = _: { flavour, ... }: { trail = [ "functor-${flavour}" ]; }; }
    ({ greeting, name ? "unused", ... }@args: { arg = "${greeting} ${args.flavour}"; })
    { _module.args = { greeting = "hello"; name = "given"; }; }
    { disabledModules = [ "support/disabled.nix" ]; }
    (lib.mkIf false { trail = [ "never" ]; })
  ];
}).config
