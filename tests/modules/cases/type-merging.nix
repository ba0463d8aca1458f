# An option declared twice: enumerations unite, submodules get the options of both, a set of options extends a submodule.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluated = lib.evalModules {
    modules = [
      {
        options.choice = mkOption { type = types.enum [ "a" "b" ]; };
        options.sub = mkOption { type = types.attrsOf (types.submodule { options.x = mkOption { default = 1; }; }); };
        options.ext = mkOption { type = types.submodule { options.a = mkOption { type = types.int; default = 1; }; }; default = { }; };
        options.list = mkOption { type = types.listOf (types.enum [ 1 ]); };
      }
      {
        options.choice = mkOption { type = types.enum [ "b" "c" ]; };
        options.sub = mkOption { type = types.attrsOf (types.submodule { options.y = mkOption { default = 2; }; }); };
        options.ext.b = mkOption { type = types.int; default = 2; };
        options.list = mkOption { type = types.listOf (types.enum [ 2 ]); };
      }
      { choice = "c"; sub.m.y = 3; ext.b = 5; list = [ 1 2 ]; }
    ];
  };
in
evaluated.config // { type = evaluated.options.choice.type.description; }
