# Modules as values, imported somewhere else; the type of an evaluation as a submodule type; extendModules.
{ lib }:
let
  base = lib.evalModules {
    modules = [
      { options.x = lib.mkOption { type = lib.types.int; default = 1; }; options.who = lib.mkOption { type = lib.types.str; default = "base"; }; }
    ];
  };
  outer = lib.evalModules {
    modules = [
      ({ config, ... }: {
        options.nodes = lib.mkOption { type = lib.types.lazyAttrsOf base.type; default = { }; };
        options.defaults = lib.mkOption { type = lib.types.deferredModule; default = { }; };
        options.result = lib.mkOption { default = (base.extendModules { modules = [ config.defaults ]; }).config; };
      })
      { nodes.a.x = 5; defaults = { x = 7; }; }
      { defaults = { lib, ... }: { who = lib.mkDefault "deferred"; }; nodes.b = { }; }
    ];
  };
in
{
  inherit (outer.config) nodes result;
  extended = ((base.extendModules { modules = [ { x = 2; } ]; }).extendModules { modules = [ { who = "twice"; } ]; }).config;
}
