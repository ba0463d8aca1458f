# Types made in the language: mkOptionType, a changed type, a type with options of its own.
{ lib }:
let
  inherit (lib) types;
  even = lib.mkOptionType {
    name = "even";
    description = "even number";
    check = x: builtins.isInt x && lib.mod x 2 == 0;
    merge = loc: defs: lib.foldl' (sum: def: sum + def.value) 0 defs;
  };
  shouting = types.str // { description = "loud string"; merge = loc: defs: lib.toUpper (lib.mergeEqualOption loc defs); };
  evaluated = lib.evalModules {
    modules = [
      {
        options.sum = lib.mkOption { type = even; };
        options.loud = lib.mkOption { type = types.attrsOf shouting; };
        options.maybe = lib.mkOption { type = types.nullOr even; default = null; };
        options.strict = lib.mkOption { type = types.addCheck (types.listOf types.int) (l: lib.length l < 3); };
        options.lua = lib.mkOption { type = types.luaInline; };
        options.one = lib.mkOption { type = lib.mkOptionType { name = "one"; merge = lib.mergeOneOption; }; };
      }
      { sum = 2; loud.a = "x"; strict = [ 1 ]; one = { a = 1; }; lua = lib.generators.mkLuaInline "f()"; }
      { sum = 4; loud.b = "y"; strict = [ 2 ]; }
    ];
  };
in
evaluated.config // {
  described = [ evaluated.options.sum.type.description evaluated.options.loud.type.description evaluated.options.maybe.type.description ];
  names = [ evaluated.options.sum.type.name types.str.name (types.listOf types.str).name ];
  merged = types.int.merge [ "x" ] [ { file = "f"; value = 3; } ];
  isType = map lib.isOptionType [ types.int even { } 1 ];
}
