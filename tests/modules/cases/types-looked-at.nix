# What modules that handle types see of them: descriptions, parts, how they are joined and made anew.
{ lib }:
let
  inherit (lib) mkOption types;
  twice = left: right:
    let
      merged = types.mergeTypes left right;
    in
    merged.description or merged.error;
  tags = types.attrTag {
    port = mkOption { type = types.port; apply = toString; };
    socket = mkOption { type = types.path; default = "/run/s"; readOnly = true; };
  };
  merge = type: values: type.merge [ "x" ] (map (value: { file = "f"; inherit value; }) values);
in
{
  descriptions = map (type: type.description) [
    (types.nonEmptyListOf types.str)
    (types.listOf (types.uniq (types.nullOr types.str)))
    (types.listOf types.attrs)
    (types.listOf types.luaInline)
    types.pathInStore
    types.externalPath
    (types.enum [ "a" 1 true null ])
    types.number
    (types.listOf (types.numbers.between 1 2.5))
    (types.oneOf [ types.int types.str types.bool ])
    (types.passwdEntry (types.nullOr types.str))
  ];
  names = map (type: [ type.name type.functor.name ]) [
    types.port
    (types.nonEmptyListOf types.str)
    (types.attrsOf types.str)
    (types.strMatching "a+")
    types.json
    types.toml
    types.deferredModule
    types.shellPackage
  ];
  payloads = {
    list = (types.listOf types.int).functor.payload.elemType.name;
    sets = removeAttrs (types.attrsWith { elemType = types.int; lazy = true; placeholder = "user"; }).functor.payload [ "elemType" ];
    both = map (type: type.name) (types.either types.int types.str).functor.payload.elemType;
    text = (types.strMatching "a+").functor.payload;
    place = types.pathInStore.functor.payload;
    joined = ((types.enum [ 1 ]).functor.binOp { values = [ 1 ]; } { values = [ 1 2 ]; }).values;
    none = (types.listOf types.int).functor.binOp { elemType = types.int; } { elemType = types.str; };
    again = map (type: (type.functor.type type.functor.payload).description) [
      (types.listOf types.int)
      (types.enum [ "a" ])
      (types.separatedString ":")
      (types.strMatching "a+")
      (types.attrsWith { elemType = types.int; lazy = true; })
    ];
  };
  joined = {
    bounds = twice types.ints.u16 (types.ints.between (-5) 10);
    wider = twice types.int types.port;
    placeholders = [
      (twice (types.attrsWith { elemType = types.int; placeholder = "user"; }) (types.attrsOf types.int))
      (twice (types.attrsWith { elemType = types.int; placeholder = "user"; }) (types.attrsWith { elemType = types.int; placeholder = "host"; }))
    ];
    laziness = twice (types.attrsOf types.int) (types.lazyAttrsOf types.int);
    check = (types.mergeTypes (types.addCheck types.int (value: value != 1)) types.int).check 1;
  };
  empty = {
    submodule = (types.submodule { options.a = mkOption { default = 1; }; }).emptyValue;
    json = types.json.emptyValue;
    module = types.deferredModule.emptyValue;
  };
  tag = {
    parts = builtins.mapAttrs (_: option: { inherit (option) _type; type = option.type.name; lines = map (place: place.line) option.declarationPositions; }) tags.nestedTypes;
    value = merge tags [ { port = 1; } ];
    # Only the name is needed to know which tag it is.
    lazy = builtins.attrNames (merge tags [ { port = throw "never"; } ]);
    readOnly = (builtins.tryEval (merge tags [ { socket = "/other"; } ]).socket).success;
  };
  checks = {
    store = map types.pathInStore.check [ "${builtins.storeDir}/.links" "${builtins.storeDir}/${lib.fixedWidthString 32 "0" ""}-a/b" ];
    outside = map types.externalPath.check [ "/etc" /etc ];
    blank = map types.nonEmptyStr.check [ " \t\n" "\r" ];
  };
  orders = map (definition: definition.priority or null)
    (lib.evalModules {
      modules = [
        { options.list = mkOption { type = types.listOf types.int; }; }
        { list = lib.mkMerge [ (lib.mkAfter [ 1 ]) [ 2 ] ]; }
      ];
    }).options.list.definitionsWithLocations;
}
