# A module system written in the language, and 3000 submodules: what most of a real evaluation consists of.
let
  inherit (builtins)
    all attrNames concatLists concatMap concatStringsSep elemAt filter foldl' genList head isAttrs isBool
    isFunction isInt isList isString length listToAttrs map mapAttrs toString zipAttrsWith;

  # Options and definitions
  mkOption = declared: { isOption = true; } // declared;
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };

  # Types
  leaf = name: check: { inherit name check; merge = path: definitions: (mergeOne path definitions).value; };
  mergeOne = path: definitions:
    if length definitions == 1 || all (d: d.value == (head definitions).value) definitions then head definitions
    else throw "${concatStringsSep "." path} has conflicting definitions";
  types = {
    int = leaf "int" isInt;
    bool = leaf "bool" isBool;
    str = leaf "str" isString;
    lines = leaf "lines" isString // { merge = _: ds: concatStringsSep "\n" (map (d: d.value) ds); };
    listOf = inner: {
      name = "list of ${inner.name}";
      check = isList;
      merge = path: ds: concatMap
        (d: genList (i: inner.merge (path ++ [ (toString i) ]) [ { value = elemAt d.value i; } ]) (length d.value))
        ds;
    };
    attrsOf = inner: {
      name = "set of ${inner.name}";
      check = isAttrs;
      merge = path: ds: zipAttrsWith
        (name: values: inner.merge (path ++ [ name ]) (resolve values))
        (map (d: d.value) ds);
    };
    submodule = module: {
      name = "submodule";
      check = v: isAttrs v || isFunction v;
      merge = path: ds: (evalModules path ([ module ] ++ map (d: d.value) ds)).config;
    };
  };

  # Conditions, merges and priorities of definitions
  spread = value:
    if !(isAttrs value) then [ { inherit value; priority = 100; } ]
    else if (value._type or "") == "if" then (if value.condition then spread value.content else [ ])
    else if (value._type or "") == "merge" then concatMap spread value.contents
    else if (value._type or "") == "override" then map (d: d // { inherit (value) priority; }) (spread value.content)
    else [ { inherit value; priority = 100; } ];
  resolve = values:
    let
      found = concatMap spread values;
      best = foldl' (least: d: if d.priority < least then d.priority else least) 9999 found;
    in filter (d: d.priority == best) found;

  # Modules
  unify = args: module:
    let called = if isFunction module then module args else module; in
    if called ? config || called ? options || called ? imports
    then { imports = called.imports or [ ]; options = called.options or { }; config = called.config or { }; }
    else { imports = [ ]; options = { }; config = called; };
  collect = args: modules: concatMap
    (module: let m = unify args module; in [ m ] ++ collect args m.imports)
    modules;
  evalModules = path: modules:
    let
      all = collect { inherit config; } modules;
      options = foldl' merged { } (map (m: m.options) all);
      config = member path options (concatMap (m: map (d: d.value) (spread m.config)) all);
    in { inherit config options; };
  merged = a: b: a // mapAttrs (n: v: if a ? ${n} && !(v ? isOption) then merged a.${n} v else v) b;
  member = path: options: configs:
    let defined = zipAttrsWith (_: values: values) configs; in
    mapAttrs
      (name: option:
        let here = path ++ [ name ]; in
        if option ? isOption then value here option (defined.${name} or [ ])
        else member here option (concatMap (v: map (d: d.value) (spread v)) (defined.${name} or [ ])))
      options;
  value = path: option: values:
    let
      definitions = resolve (values ++ (if option ? default then [ (mkOverride 1500 option.default) ] else [ ]));
      wrong = filter (d: !(option.type.check d.value)) definitions;
      apply = option.apply or (v: v);
    in
    if definitions == [ ] then throw "${concatStringsSep "." path} is used but not defined"
    else if wrong != [ ] then throw "${concatStringsSep "." path} is not of type ${option.type.name}"
    else apply (option.type.merge path definitions);

  # A configuration
  service = { config, ... }: {
    options = {
      enable = mkOption { type = types.bool; default = false; };
      name = mkOption { type = types.str; };
      port = mkOption { type = types.int; default = 80; };
      after = mkOption { type = types.listOf types.str; default = [ ]; };
      script = mkOption { type = types.lines; default = ""; };
      limits.memory = mkOption { type = types.int; default = 64; apply = n: n * 2; };
      limits.files = mkOption { type = types.int; default = 16; };
      text = mkOption { type = types.str; };
    };
    config = {
      script = mkIf config.enable "run ${config.name}";
      limits.files = mkDefault (config.port + 1);
      text = "${config.name}:${toString config.port}:${toString config.limits.memory}";
    };
  };
  base = { options.services = mkOption { type = types.attrsOf (types.submodule service); default = { }; }; };
  count = 3000;
  definitions = {
    config.services = listToAttrs (genList
      (i: {
        name = "s${toString i}";
        value = { name = "service${toString i}"; enable = i / 2 * 2 == i; port = mkForce (1000 + i); after = [ "a" "b" ]; };
      })
      count);
  };
  result = (evalModules [ ] [ base definitions extra ]).config;
  extra = { config, ... }: {
    options.total = mkOption { type = types.int; };
    config.total = foldl' (sum: s: sum + s.limits.memory + s.limits.files + length s.after) 0
      (map (n: config.services.${n}) (attrNames config.services));
    config.services = listToAttrs (genList (i: { name = "s${toString i}"; value.script = mkIf (i > 10) "more"; }) count);
  };
in
builtins.deepSeq result.services [ result.total result.services.s7.text result.services.s20.script ]
