# What `options` tells about an option.
{ lib }:
let
  evaluated = lib.evalModules {
    modules = [
      { _file = "decl.nix"; options.a.b = lib.mkOption { type = lib.types.listOf lib.types.int; default = [ ]; description = "Numbers."; example = [ 1 ]; }; }
      { _file = "one.nix"; a.b = [ 1 ]; }
      { _file = "two.nix"; a.b = lib.mkDefault [ 2 ]; }
      { _file = "three.nix"; config = lib.mkIf true { a.b = lib.mkAfter [ 3 ]; }; }
    ];
  };
  option = evaluated.options.a.b;
in
{
  inherit (option) value isDefined definitions definitionsWithLocations files declarations highestPrio loc description example;
  type = option.type.description;
  isOption = [ (lib.isOption option) (lib.isOption evaluated.options.a) ];
  nested = option.type.nestedTypes.elemType.name;
  documents = map (d: { inherit (d) name type default description; }) (lib.optionAttrSetToDocList (removeAttrs evaluated.options [ "_module" ]));
  alias = (lib.mkAliasDefinitions option).content.contents;
}
