# Attribute sets.
{ lib, ... }:

let
  inherit (builtins)
    attrNames attrValues concatMap elem elemAt filter foldl' hasAttr head isAttrs length listToAttrs map mapAttrs
    removeAttrs tail zipAttrsWith;
  inherit (lib.lists) foldr;
in
rec {
  inherit (builtins)
    attrNames attrValues catAttrs getAttr hasAttr intersectAttrs isAttrs listToAttrs mapAttrs removeAttrs zipAttrsWith;

  # Paths into sets

  # The value at a path, or the default where the path ends early.
  attrByPath = path: default: set:
    let
      size = length path;
      go = n: value:
        if n == size then value
        else if isAttrs value && value ? ${elemAt path n} then go (n + 1) value.${elemAt path n}
        else default;
    in
    go 0 set;

  hasAttrByPath = path: set:
    let
      size = length path;
      go = n: value:
        n == size || (isAttrs value && value ? ${elemAt path n} && go (n + 1) value.${elemAt path n});
    in
    go 0 set;

  # The longest part of the path that is in the set.
  longestValidPathPrefix = path: set:
    let
      size = length path;
      go = n: value:
        if n == size then path
        else if isAttrs value && value ? ${elemAt path n} then go (n + 1) value.${elemAt path n}
        else lib.lists.take n path;
    in
    go 0 set;

  # A set with one value at a path.
  setAttrByPath = path: value:
    foldr (name: inner: { ${name} = inner; }) value path;

  getAttrFromPath = path: set:
    attrByPath path (abort "cannot find attribute '${builtins.concatStringsSep "." path}'") set;

  # Change many paths of a set: a list of `{ path; update; }`.
  updateManyAttrsByPath =
    let
      # `split` separates the updates that end here from those further down. An update that does not look at the old
      # value may create its attribute.
      go = depth: present: value: updates:
        let
          split = builtins.partition (update: length update.path == depth) updates;
          nested = builtins.groupBy (update: elemAt update.path depth) split.wrong;
          below = old: mapAttrs (name: go (depth + 1) (old ? ${name}) old.${name}) nested;
          here = update: showAttrPath (lib.lists.take depth update.path);
          inner =
            if split.wrong == [ ] then
              if present then value
              else throw "updateManyAttrsByPath: nothing is at ${here (head split.right)}, and its first update wants the old value"
            else if !present then below { }
            else if isAttrs value then value // below value
            else
              throw "updateManyAttrsByPath: ${showAttrPath (head split.wrong).path} cannot be updated: ${here (head split.wrong)} is no attribute set";
        in
        lib.lists.foldl (value: update: update.update value) inner split.right;
    in
    updates: set: go 0 true set updates;

  showAttrPath = path:
    if path == [ ] then "<root attribute path>"
    else lib.strings.concatMapStringsSep "." lib.strings.escapeNixIdentifier path;

  concatMapAttrsStringSep = separator: f: set:
    builtins.concatStringsSep separator (attrValues (mapAttrs f set));

  # Map names and values to sets and merge them.
  concatMapAttrs = f: set: foldl' (all: one: all // one) { } (attrValues (mapAttrs f set));

  attrVals = names: set: map (name: set.${name}) names;

  # Filter

  # Only the attributes named and present.
  getAttrs = names: set: listToAttrs (map (name: { inherit name; value = set.${name}; }) names);

  filterAttrs = predicate: set:
    removeAttrs set (filter (name: !predicate name set.${name}) (attrNames set));

  filterAttrsRecursive = predicate: set:
    mapAttrs (_: value: if isAttrs value then filterAttrsRecursive predicate value else value)
      (filterAttrs predicate set);

  # Folds

  foldlAttrs = f: start: set: lib.lists.foldl' (acc: name: f acc name set.${name}) start (attrNames set);

  # Values of an attribute over a list of sets, folded together by name.
  foldAttrs = op: nul: sets: zipAttrsWith (_: values: foldr op nul values) sets;

  # Every attribute set below (and including) a value that fits.
  collect = predicate: value:
    if predicate value then [ value ]
    else if isAttrs value then concatMap (collect predicate) (attrValues value)
    else [ ];

  # All combinations of the lists of a set.
  cartesianProduct = set:
    foldl'
      (sets: name: concatMap (one: map (value: one // { ${name} = value; }) set.${name}) sets)
      [ { } ]
      (attrNames set);
  cartesianProductOfSets = cartesianProduct;

  mapCartesianProduct = f: set: map f (cartesianProduct set);

  # Construction

  nameValuePair = name: value: { inherit name value; };

  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));

  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);

  attrsToList = mapAttrsToList nameValuePair;

  genAttrs = names: f: listToAttrs (map (name: { inherit name; value = f name; }) names);
  genAttrs' = items: f: listToAttrs (map f items);

  # Map every leaf with its path; sets are always entered.
  mapAttrsRecursive = f: set: mapAttrsRecursiveCond (_: true) f set;

  mapAttrsRecursiveCond = condition: f: set:
    let
      go = path: mapAttrs (name: value:
        let
          here = path ++ [ name ];
        in
        if isAttrs value && condition value then go here value else f here value);
    in
    go [ ] set;

  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);

  mapAttrsToListRecursiveCond = condition: f: set:
    let
      go = path: value:
        if isAttrs value && condition path value
        then concatMap (name: go (path ++ [ name ]) value.${name}) (attrNames value)
        else [ (f path value) ];
    in
    concatMap (name: go [ name ] set.${name}) (attrNames set);

  optionalAttrs = condition: set: if condition then set else { };

  zipAttrsWithNames = names: f: sets:
    listToAttrs (map (name: { inherit name; value = f name (builtins.catAttrs name sets); }) names);
  zipAttrs = zipAttrsWith (_: values: values);
  zip = zipAttrsWith;
  zipWithNames = zipAttrsWithNames;

  mergeAttrsList = list: foldl' (all: one: all // one) { } list;

  # Merge recursively; the second set wins, and `predicate` stops the descent.
  recursiveUpdateUntil = predicate: left: right:
    let
      go = path: zipAttrsWith (name: values:
        let
          here = path ++ [ name ];
        in
        if length values == 1 || predicate here (elemAt values 1) (head values)
        then head values
        else go here values);
    in
    go [ ] [ right left ];

  recursiveUpdate = left: right:
    let
      go = l: r:
        l // mapAttrs (name: value: if isAttrs value && isAttrs (l.${name} or null) then go l.${name} value else value) r;
    in
    go left right;

  # Whether every attribute of the pattern is in the set, recursively.
  matchAttrs = pattern: set:
    assert isAttrs pattern;
    builtins.all
      (name:
        set ? ${name}
        && (if isAttrs pattern.${name} then isAttrs set.${name} && matchAttrs pattern.${name} set.${name}
        else pattern.${name} == set.${name}))
      (attrNames pattern);

  # The attributes of the first set, with the values of the second where it has them.
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;

  # `a // b` that refuses to overwrite.
  unionOfDisjoint = x: y:
    let
      common = attrNames (builtins.intersectAttrs x y);
      mask = listToAttrs (map (name: { inherit name; value = throw "unionOfDisjoint: collision on ${name}"; }) common);
    in
    (x // y) // mask;

  invertAttrs = set: listToAttrs (map (name: { name = set.${name}; value = name; }) (attrNames set));

  # Mark a set for tools that look for packages.
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

  # Derivations

  isDerivation = value: value.type or null == "derivation";

  # A derivation-like value for an existing store path.
  toDerivation = path:
    let
      path' = builtins.storePath path;
      result = {
        type = "derivation";
        name = lib.strings.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf path'));
        outPath = path';
        outputs = [ "out" ];
        out = result;
        outputName = "out";
      };
    in
    result;

  # The named output of a package, or the package itself.
  getOutput = output: package:
    if !(package ? outputSpecified) || !package.outputSpecified then package.${output} or package.out or package
    else package;
  getFirstOutput = candidates: package:
    let
      present = filter (name: package ? ${name}) candidates;
    in
    if package.outputSpecified or false || present == [ ] then package else package.${head present};
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getStatic = getFirstOutput [ "static" "lib" "out" ];
  getDev = getOutput "dev";
  getInclude = getFirstOutput [ "include" "dev" "out" ];
  getMan = getOutput "man";
  chooseDevOutputs = map getDev;

  mapAttrsFlatten = mapAttrsToList;
}
