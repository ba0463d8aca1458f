# What tools that handle modules see: the options of `_module`, steps of merging, what two declarations do not agree on.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate = modules: lib.evalModules { inherit modules; };
  fails = value: !(builtins.tryEval (builtins.deepSeq value true)).success;
  declare = arguments: { options.a = mkOption { type = types.submoduleWith ({ modules = [ ]; } // arguments); }; };
  both = one: other: (evaluate [ (declare one) (declare other) { a = { }; } ]).options.a.type;
  merge = lib.mergeDefinitions [ "a" ];
  inner = types.submodule { freeformType = types.attrsOf (types.submodule { options.z = mkOption { default = 1; }; }); };
in
{
  specialArgs = {
    value = (lib.evalModules { modules = [ ]; specialArgs.host = "h"; })._module.specialArgs;
    isFixed = fails (lib.evalModules { modules = [ { _module.specialArgs = { }; } ]; specialArgs.host = "h"; })._module.specialArgs;
  };
  disabled = {
    asText = (evaluate [ { key = "/k"; options.a = mkOption { }; } { disabledModules = [ { outPath = "/k"; } ]; } ]).config;
    twoMeanings = fails (evaluate [ { disabledModules = [ { key = "k"; outPath = "/z"; } ]; } ]).config;
  };
  agreement = {
    description = (both { description = "d"; } { }).description;
    descriptions = fails (both { description = "d"; } { description = "e"; }).description;
    shorthand = fails (both { shorthandOnlyDefinesConfig = true; } { shorthandOnlyDefinesConfig = false; }).name;
    classes = fails (both { class = "c"; } { class = "d"; }).name;
  };
  freeform =
    let
      config = (evaluate [
        { freeformType = types.attrsOf types.int; options.b.c = mkOption { default = "s"; }; }
        { config = { b.d = 1; x = 2; }; }
      ]).config;
    in
    { inherit (config) x; broken = fails config.b; };
  # A module that is a property as a whole is not written in the library.
  property = (evaluate [ { options.a = mkOption { }; } (lib.mkForce { a = 1; }) ]).options.a.files;
  below = builtins.attrNames (inner.getSubOptions [ ]);
  documents = map (document: [ document.name document.internal ])
    (lib.optionAttrSetToDocList (evaluate [ { options.a = mkOption { type = inner; }; } ]).options);
  merged = {
    good = (merge types.int [ { file = "f"; value = 1; } ]).checkedAndMerged;
    bad = (merge types.int [ { file = "f"; value = "x"; } ]).checkedAndMerged.headError ? message;
    empty = (merge (types.listOf types.int) [ ]).mergedValue;
  };
  shown = lib.options.showDefs [ { file = "f"; value = [ 1 ]; } { file = "g"; value = 2; } { file = "h"; value = throw "x"; } ];
}
