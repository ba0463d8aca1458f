# The steps of the module system as functions.
{ lib }:
let
  inherit (lib) mkOption types;
  unified = map (lib.modules.unifyModuleSyntax "file" "key");
  merged = lib.mergeModules [ "top" ] (unified [
    { options.a.b = mkOption { type = types.listOf types.int; default = [ ]; }; }
    { a.b = [ 1 ]; other.x = 2; }
    { a = lib.mkIf true { b = lib.mkBefore [ 2 ]; }; }
  ]);
  option = lib.modules.evalOptionValue [ "n" ] (mkOption { type = types.int; apply = x: x + 1; }) [
    { file = "weak"; value = lib.mkDefault 1; }
    { file = "strong"; value = 3; }
  ];
  ordered = types.mkOptionType { name = "ordered"; merge = _: defs: map (def: def.priority or 1000) defs; };
in
{
  shorthand = (lib.modules.unifyModuleSyntax "file" "key" { a = 1; imports = [ "x" ]; });
  matched = merged.matchedOptions.a.b.value;
  unmatched = merged.unmatchedDefns;
  option = { inherit (option) value files highestPrio isDefined; };
  declarations = builtins.removeAttrs
    (lib.mergeOptionDecls [ "a" ] [
      { _file = "one"; options = mkOption { description = "d"; }; }
      { _file = "two"; options = mkOption { default = 1; }; }
    ]) [ "type" ];
  collected = map (module: module.config) (lib.collectModules null "" [ ({ lib, ... }: { a = 1; imports = [ { b = 2; } ]; }) ] { inherit lib; config = { }; });
  # A type changed with // merges with the one it was made of, in both orders.
  changedTypes = map
    (types': (lib.evalModules { modules = map (type: { options.a = mkOption { inherit type; }; }) types' ++ [ { a = "x"; } ]; }).config.a)
    [ [ types.str (types.str // { description = "special"; }) ] [ (types.str // { description = "special"; }) types.str ] ];
  orderSeen = (lib.evalModules { modules = [ { options.a = mkOption { type = ordered; }; config.a = lib.mkMerge [ 1 (lib.mkBefore 2) ]; } ]; }).config.a;
  # What `apply` ignores is not merged.
  ignored = (lib.evalModules {
    modules = [ { options.a = mkOption { type = types.int; apply = _: "kept"; }; config.a = "no integer"; } ];
  }).config.a;
}
