# Functions that old configurations still use.
{ lib, ... }:

rec {
  # An environment variable, or a default when it is empty.
  maybeEnv = name: default:
    let
      value = builtins.getEnv name;
    in
    if value == "" then default else value;

  # Packages with everything they propagate.
  closePropagation = packages:
    map (item: item.val) (builtins.genericClosure {
      startSet = map (package: { key = package.outPath; val = package; }) (builtins.filter (package: package != null) packages);
      operator = item:
        map (package: { key = package.outPath; val = package; })
          (builtins.filter (package: package != null)
            (item.val.propagatedBuildInputs or [ ] ++ item.val.propagatedNativeBuildInputs or [ ]));
    });

  closePropagationFast = closePropagation;
  # The same without asking for paths; the order is another one.
  closePropagationSlow = packages: uniqList { inputList = innerClosePropagation [ ] packages; };
  innerClosePropagation = found: packages:
    let
      package = builtins.head packages;
      rest = builtins.tail packages;
      propagated = package.propagatedBuildInputs or [ ] ++ package.propagatedNativeBuildInputs or [ ];
      found' = [ package ] ++ found;
    in
    if packages == [ ] then found
    else if !builtins.isAttrs package then innerClosePropagation found rest
    else innerClosePropagation found' (uniqList { inputList = propagated ++ rest; acc = found'; });

  imap = lib.lists.imap1;
  nvs = name: value: { ${name} = value; };
  setAttr = set: name: value: set // { ${name} = value; };
  ifEnable = condition: value: if condition then value else if builtins.isList value then [ ] else if builtins.isAttrs value then { } else if builtins.isBool value then false else null;

  # Attributes that may be missing

  maybeAttr = name: default: set: set.${name} or default;
  maybeAttrNullable = maybeAttr;
  setAttrMerge = name: default: set: f: set // { ${name} = f (set.${name} or default); };
  checkFlag = set: name:
    name == "true" || (name != "false" && (if builtins.elem name (set.flags or [ ]) then true else set.${name} or false));
  # A value, or its default from a list of pairs `[ name default ]`.
  getValue = set: defaults: name:
    let
      fitting = builtins.filter (pair: builtins.head pair == name) defaults;
    in
    set.${name} or (
      if checkFlag set name then true
      else if fitting == [ ] then null
      else builtins.elemAt (builtins.head fitting) 1);
  # Whether everything that a set flag requires has a value.
  checkReqs = set: defaults: conditions:
    builtins.all
      (condition: !(checkFlag set (builtins.head condition))
        || builtins.all (name: !(builtins.elem (getValue set defaults name) [ null false ])) (builtins.tail condition))
      conditions;

  # Lists

  uniqList = { inputList, acc ? [ ] }: lib.lists.unique (builtins.filter (x: !(builtins.elem x acc)) inputList);
  uniqListExt = { inputList, outputList ? [ ], getter ? lib.trivial.id, compare ? (x: y: x == y) }:
    builtins.foldl'
      (found: x: if builtins.any (y: compare (getter y) (getter x)) found then found else found ++ [ x ])
      outputList
      inputList;
  # Append the values of a list `[ condition value … ]` whose conditions hold.
  condConcat = text: list: holds:
    if list == [ ] then text
    else
      condConcat (if holds (builtins.head list) then text + builtins.elemAt list 1 else text)
        (lib.lists.drop 2 list)
        holds;
  # Everything reachable, the last first.
  lazyGenericClosure = { startSet, operator }:
    let
      go = list: keys: found:
        let
          x = builtins.head list;
        in
        if list == [ ] then found
        else if builtins.elem x.key keys then go (builtins.tail list) keys found
        else go (builtins.tail list ++ operator x) ([ x.key ] ++ keys) ([ x ] ++ found);
    in
    go startSet [ ] [ ];

  # Merging sets

  defaultMergeArg = x: y: if builtins.isAttrs y then y else y x;
  defaultMerge = x: y: x // defaultMergeArg x y;
  foldArgs = merge: f: init: x:
    let
      arguments = merge init (defaultMergeArg init x);
      again = foldArgs merge f arguments;
      made = setAttrMerge "passthru" { } (f arguments) (passthru: passthru // {
        function = again;
        args = (passthru.passthru.args or { }) // x;
      });
    in
    made // { override = again; };
  innerModifySumArgs = f: x: a: b: if b == null then f a b // x else innerModifySumArgs f x (a // b);
  modifySumArgs = f: x: innerModifySumArgs f x { };
  # A name of the second set alone is merged with itself.
  mergeAttrsWithFunc = f: set1: set2: set1 // builtins.mapAttrs (name: value: f (set1.${name} or value) value) set2;
  mergeAttrsConcatenateValues = mergeAttrsWithFunc (a: b: lib.lists.toList a ++ lib.lists.toList b);
  mergeAttrsNoOverride = { mergeLists ? [ "buildInputs" "propagatedBuildInputs" ], overrideSnd ? [ "buildPhase" ] }: set1: set2:
    set1 // builtins.mapAttrs
      (name: value:
        if !(set1 ? ${name}) then value
        else if builtins.elem name mergeLists then value ++ set1.${name}
        else if builtins.elem name overrideSnd then set1.${name}
        else throw "mergeAttrsNoOverride: both sets have `${name}'")
      set2;
  mergeAttrByFunc = x: y:
    let
      functions = { mergeAttrBy = lib.trivial.mergeAttrs; } // (x.mergeAttrBy or { }) // (y.mergeAttrBy or { });
      present = lib.attrsets.filterAttrs (name: _: x ? ${name} || y ? ${name}) functions;
      merge = name: f: if x ? ${name} && y ? ${name} then f x.${name} y.${name} else x.${name} or y.${name};
    in
    x // y // builtins.mapAttrs merge present;
  mergeAttrsByFuncDefaults = lib.lists.foldl mergeAttrByFunc { inherit mergeAttrBy; };
  mergeAttrsByFuncDefaultsClean = sets: removeAttrs (mergeAttrsByFuncDefaults sets) [ "mergeAttrBy" ];
  mergeAttrBy =
    let
      with' = f: names: lib.attrsets.genAttrs names (_: f);
    in
    with' lib.trivial.concat [ "nativeBuildInputs" "buildInputs" "propagatedBuildInputs" "configureFlags" "prePhases" "postAll" "patches" ]
    // with' lib.trivial.mergeAttrs [ "passthru" "meta" "cfg" "flags" ]
    // with' (a: b: "${a}\n${b}") [ "preConfigure" "postInstall" ];

  nixType = x:
    if builtins.isAttrs x then (if x ? outPath then "derivation" else "attrs")
    else if builtins.isFunction x then "function"
    else { list = "list"; bool = "bool"; null = "null"; int = "int"; }.${builtins.typeOf x} or "string";

  # What moved elsewhere.
  inherit (lib.trivial) fakeHash fakeSha256 fakeSha512;
  inherit (lib.attrsets) mapAttrsFlatten;
}
