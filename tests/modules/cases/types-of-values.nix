# What each type accepts and how it merges.
{ lib }:
let
  inherit (lib) types;
  value = type: definitions:
    let
      evaluated = lib.evalModules { modules = [ { options.x = lib.mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) definitions; };
    in
    evaluated.config.x;
  fails = type: definitions: !(builtins.tryEval (builtins.deepSeq (value type definitions) true)).success;
  accepts = type: x: type.check x;
in
{
  bool = value types.bool [ true true ];
  boolByOr = value types.boolByOr [ false true ];
  int = value types.int [ 3 ];
  between = map (accepts (types.ints.between 1 3)) [ 0 1 3 4 "1" ];
  u8 = map (accepts types.ints.u8) [ (-1) 0 255 256 ];
  s16 = map (accepts types.ints.s16) [ (-32768) 32768 ];
  positive = map (accepts types.ints.positive) [ 0 1 ];
  number = map (accepts types.number) [ 1 1.5 "1" ];
  numbers = map (accepts (types.numbers.between 0 1)) [ 0 0.5 1 1.5 ];
  port = map (accepts types.port) [ 0 65535 65536 ];
  lines = value types.lines [ "b" "a" ];
  commas = value types.commas [ "b" "a" ];
  separated = value (types.separatedString "+") [ "b" "a" ];
  string = value types.string [ "b" "a" ];
  matching = map (accepts (types.strMatching "[a-z]+")) [ "abc" "aBc" "" 1 ];
  nonEmpty = map (accepts types.nonEmptyStr) [ "" " \n" "x" ];
  singleLine = value types.singleLineStr [ "a\n" ];
  path = map (accepts types.path) [ "/a" "a" ./. 1 ];
  enum = map (accepts (types.enum [ "a" 1 null ])) [ "a" 1 null "b" 2 ];
  nullOr = [ (value (types.nullOr types.int) [ null null ]) (value (types.nullOr types.int) [ 1 ]) ];
  either = value (types.either types.int (types.listOf types.int)) [ [ 1 ] [ 2 ] ];
  oneOf = map (accepts (types.oneOf [ types.int types.bool types.str ])) [ 1 true "s" null [ ] ];
  attrs = value types.attrs [ { a = 1; b.c = 1; } { b.d = 2; } ];
  attrsOf = value (types.attrsOf types.int) [ { a = 1; } { b = 2; c = lib.mkIf false 3; } ];
  lazy = builtins.attrNames (value (types.lazyAttrsOf types.int) [ { a = throw "never"; } { b = 2; } ]);
  lazyEmpty = (value (types.lazyAttrsOf (types.listOf types.int)) [ { a = lib.mkIf false [ 1 ]; } ]).a;
  listOf = value (types.listOf (types.attrsOf types.int)) [ [ { a = 1; } ] [ { } ] ];
  nonEmptyList = map (accepts (types.nonEmptyListOf types.int)) [ [ ] [ 1 ] ];
  anything = value types.anything [ { a.b = 1; c = lib.mkDefault "x"; l = [ 1 ]; } { a.d = 2; c = "y"; } ];
  function = (value (types.functionTo (types.listOf types.int)) [ (x: [ x ]) (x: [ (x + 1) ]) ]) 1;
  coerced = value (types.listOf (types.coercedTo types.int toString types.str)) [ [ 1 "two" ] ];
  tag = value (types.attrTag { a = lib.mkOption { type = types.int; }; b = lib.mkOption { type = types.str; }; }) [ { a = 1; } ];
  raw = value types.raw [ { _type = "own"; } ];
  checked = map (accepts (types.addCheck types.int (x: x > 3))) [ 3 4 "4" ];
  passwd = map (accepts (types.passwdEntry types.str)) [ "a b" "a:b" ];
  unique = fails (types.uniq types.int) [ 1 1 ];
  conflict = map (fails types.int) [ [ 1 2 ] [ 1 1 ] ];
  nullConflict = fails (types.nullOr types.int) [ null 1 ];
  listConflict = fails types.anything [ [ 1 ] [ 2 ] ];
}
