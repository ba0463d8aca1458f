# Options that nobody sets: what their type is when it is empty.
{ lib }:
let
  inherit (lib) mkIf mkOption types;
  result = lib.evalModules {
    modules = [
      {
        options = {
          list = mkOption { type = types.listOf types.int; };
          set = mkOption { type = types.attrsOf types.int; };
          nothing = mkOption { type = types.nullOr types.int; };
          once = mkOption { type = types.uniq (types.listOf types.int); };
          checked = mkOption { type = types.addCheck (types.attrsOf types.int) (value: value != { }); };
          coerced = mkOption { type = types.coercedTo types.int (number: [ number ]) (types.listOf types.int); };
          inner = mkOption {
            type = types.submodule ({ name, ... }: { options.label = mkOption { type = types.str; default = name; }; });
          };
          applied = mkOption { type = types.listOf types.int; apply = builtins.length; };
          number = mkOption { type = types.int; };
          filled = mkOption { type = types.nonEmptyListOf types.int; };
        };
      }
      { list = mkIf false [ 1 ]; }
    ];
  };
in
builtins.mapAttrs (_: value: let tried = builtins.tryEval (builtins.deepSeq value value); in if tried.success then tried.value else "not set")
  result.config
// {
  known = map (name: { inherit (result.options.${name}) isDefined highestPrio definitions; }) [ "list" "number" ];
}
