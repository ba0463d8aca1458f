# Sets of local files, for sources of derivations. A file set is `{ _type = "fileset"; root; tree; }` where a tree is
# null (nothing), "directory" (all of it), a file's type, or a set of trees by name. The set of no files at all has no root.
{ lib, ... }:

let
  inherit (builtins) attrNames isAttrs isPath isString map mapAttrs pathExists readDir;

  make = root: tree: {
    _type = "fileset";
    inherit root tree;
    _noEval = throw "a file set cannot be evaluated; use lib.fileset.toSource";
  };

  coerce = where: value:
    if isAttrs value && value._type or "" == "fileset" then value
    else if isAttrs value && value ? _isLibCleanSourceWith then fromFilter value.origSrc value.filter
    else if !isPath value then throw "lib.fileset.${where}: expected a path or a file set, got a ${builtins.typeOf value}"
    else if !pathExists value then throw "lib.fileset.${where}: ${toString value} does not exist"
    else if lib.sources.pathType value == "directory" then make value "directory"
    else make (dirOf value) { ${baseNameOf value} = lib.sources.pathType value; };

  # A directory's members as a tree, when single ones are needed.
  expand = root: tree:
    if tree == "directory" then mapAttrs (_: type: type) (readDir root) else tree;

  # A tree in which whole directories and empty ones are that.
  minimal = path: tree:
    let
      within = name: type: minimal (path + "/${name}") (if tree == "directory" then type else tree.${name} or null);
      members = mapAttrs within (readDir path);
      all = test: builtins.all test (builtins.attrValues members);
    in
    if !isAttrs tree && tree != "directory" then tree
    else if all (member: member == null) then null
    else if tree == "directory" || all isString then "directory"
    else lib.attrsets.filterAttrs (_: member: member != null) members;

  printSet = set:
    let
      tree = minimal set.root set.tree;
      say = text: after: builtins.seq after (builtins.trace text null);
      note = part: if isAttrs part then "" else if part == "directory" then " (all files in directory)" else " (${part})";
      printMembers = indent: after: members:
        builtins.foldl' (
          after: name:
          let
            line = say "${indent}- ${name}${note members.${name}}" after;
          in
          if isAttrs members.${name} then printMembers "${indent}  " line members.${name} else line
        ) after (attrNames members);
      first = say (if tree == null then "(empty)" else "${toString set.root}${note tree}") null;
    in
    if isAttrs tree then printMembers "" first tree else first;

  fromFilter = root: filter:
    let
      go = directory: mapAttrs
        (name: type:
          let
            path = directory + "/${name}";
          in
          if !(filter (toString path) type) then null else if type == "directory" then go path else type)
        (readDir directory);
    in
    make root (go root);

  components = root: path: lib.path.subpath.components (lib.path.removePrefix root path);

  # A set's tree seen from a directory above its root.
  from = root: set: lib.lists.foldr (name: tree: { ${name} = tree; }) set.tree (components root set.root);

  unite = a: b:
    let
      common = x: y: if lib.path.hasPrefix x y then x else common (dirOf x) y;
      root = common a.root b.root;
    in
    make root (unionTrees root (from root a) (from root b));

  # The part of a set's tree below another root, which may be above the set's own; null when they have nothing in common.
  within = root: set:
    if lib.path.hasPrefix root set.root then from root set
    else if lib.path.hasPrefix set.root root then lookup set.tree (components set.root root)
    else null;

  unionTrees = root: a: b:
    if a == "directory" || b == null then a
    else if b == "directory" || a == null then b
    else if isString a || isString b then a
    else a // mapAttrs (name: tree: unionTrees (root + "/${name}") (a.${name} or null) tree) b;

  intersectTrees = root: a: b:
    if a == "directory" then b
    else if b == "directory" then a
    else if a == null || b == null then null
    else if isString a || isString b then a
    else mapAttrs (name: tree: intersectTrees (root + "/${name}") tree b.${name}) (builtins.intersectAttrs b a);

  subtractTrees = root: a: b:
    if b == "directory" || a == null then null
    else if b == null then a
    else if isString b then null
    else
      let
        members = expand root a;
      in
      members // mapAttrs (name: tree: subtractTrees (root + "/${name}") (members.${name} or null) tree) b;

  isEmpty = root: tree:
    if tree == null then true
    else if tree == "directory" then builtins.all (name: isEmpty (root + "/${name}") (expand root tree).${name}) (attrNames (readDir root))
    else if isString tree then false
    else builtins.all (name: isEmpty (root + "/${name}") tree.${name}) (attrNames tree);

  filesOf = root: tree:
    if tree == null then [ ]
    else if tree == "directory" then filesOf root (expand root tree)
    else if isString tree then [ root ]
    else builtins.concatMap (name: filesOf (root + "/${name}") tree.${name}) (attrNames tree);

  lookup = tree: names:
    if names == [ ] || isString tree || tree == null then tree
    else lookup (tree.${builtins.head names} or null) (builtins.tail names);
in
rec {
  # A path or file set that may not exist.
  maybeMissing = path: if isPath path && !pathExists path then empty else coerce "maybeMissing" path;

  # No files at all.
  empty = make null null;

  union = a: b: unions [ a b ];
  unions = sets:
    let
      rooted = builtins.filter (set: set.root != null) (map (coerce "unions") sets);
    in
    if rooted == [ ] then empty else builtins.foldl' unite (builtins.head rooted) (builtins.tail rooted);

  # What is in both is below the deeper of the two roots.
  intersection = first: second:
    let
      a = coerce "intersection" first;
      b = coerce "intersection" second;
      root = if lib.path.hasPrefix a.root b.root then b.root else a.root;
      isApart = !(lib.path.hasPrefix a.root b.root || lib.path.hasPrefix b.root a.root);
    in
    if a.root == null || b.root == null || isApart then empty
    else make root (intersectTrees root (within root a) (within root b));

  difference = positive: negative:
    let
      a = coerce "difference" positive;
      b = coerce "difference" negative;
    in
    if a.root == null || b.root == null then a else make a.root (subtractTrees a.root a.tree (within a.root b));

  # Files of a set (or directory) whose `{ name; type; hasExt; }` fits.
  fileFilter = predicate: value:
    let
      set = coerce "fileFilter" value;
      go = root: tree:
        if tree == null then null
        else if isString tree && tree != "directory" then
          (if keep (baseNameOf root) tree then tree else null)
        else mapAttrs (name: inner: go (root + "/${name}") inner) (expand root tree);
      keep = name: type: predicate {
        inherit name type;
        hasExt = extension: lib.strings.hasSuffix ".${extension}" name;
      };
    in
    make set.root (go set.root set.tree);

  fromSource = source:
    if source ? _isLibCleanSourceWith then fromFilter source.origSrc source.filter else coerce "fromSource" source;

  # The files Git knows below a checkout.
  gitTracked = path: gitTrackedWith { } path;
  gitTrackedWith = { recurseSubmodules ? false }: path:
    let
      tree = builtins.fetchGit { url = path; submodules = recurseSubmodules; };
      go = directory: mapAttrs (name: type: if type == "directory" then go (directory + "/${name}") else type) (readDir directory);
    in
    make path (go tree.outPath);

  toList = value:
    let
      set = coerce "toList" value;
    in
    filesOf set.root set.tree;

  # A store source of the files below a root.
  toSource = { root, fileset }:
    let
      set = coerce "toSource" fileset;
      inside = set.tree == null || lib.path.hasPrefix root set.root;
      offset = if set.tree == null then [ ] else components root set.root;
      whole = lib.lists.foldr (name: tree: { ${name} = tree; }) set.tree offset;
      keep = path: type:
        let
          relative = lib.path.subpath.components ("./" + lib.strings.removePrefix (toString root + "/") path);
          tree = lookup whole relative;
        in
        tree != null && (type != "directory" || !(isEmpty (root + ("/" + builtins.concatStringsSep "/" relative)) tree));
    in
    if !isPath root then throw "lib.fileset.toSource: `root' must be a path"
    else if !(lib.sources.pathIsDirectory root) then throw "lib.fileset.toSource: `root' (${toString root}) is no directory"
    else if !inside then throw "lib.fileset.toSource: the file set has files outside of ${toString root}"
    else lib.sources.cleanSourceWith { name = "source"; src = root; filter = keep; };

  # Print the files of a set as a tree when a value is used.
  trace = fileset: value: builtins.seq (printSet (coerce "trace" fileset)) value;
  # Print the files of a set as a tree and give it.
  traceVal = fileset: trace fileset fileset;
  # Whether a value can be used where a file set is wanted; paths can.
  isFileset = value: builtins.isPath value || value._type or "" == "fileset";
}
