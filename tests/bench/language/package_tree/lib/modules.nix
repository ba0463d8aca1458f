{ lib }:
let
  inherit (builtins) isAttrs isFunction isList attrNames concatLists concatMap filter head length map;
  collect = args: modules: concatMap (m: load args m) modules;
  load = args: m:
    let
      isPath = !isAttrs m && !isFunction m;
      file = if isPath then toString m else "<unknown>";
      f = if isPath then import m else m;
      value = if isFunction f then f (builtins.intersectAttrs (builtins.functionArgs f) args // args) else f;
      imports = value.imports or [ ];
      own = {
        inherit file;
        options = value.options or { };
        config = if value ? config || value ? options then value.config or { } else builtins.removeAttrs value [ "imports" ];
      };
    in [ own ] ++ collect args imports;
  pushDown = cfg:
    if cfg._type or "" == "merge" then concatMap pushDown cfg.contents
    else if cfg._type or "" == "if" then map (builtins.mapAttrs (n: v: mkIf cfg.condition v)) (pushDown cfg.content)
    else [ cfg ];
  discharge = def:
    if def._type or "" == "merge" then concatMap discharge def.contents
    else if def._type or "" == "if" then if def.condition then discharge def.content else [ ]
    else [ def ];
  priority = def: if def._type or "" == "override" then def.priority else 100;
  filterOverrides = defs:
    let
      highest = builtins.foldl' (acc: d: let p = priority d.value; in if p < acc then p else acc) 9999 defs;
    in map (d: if d.value._type or "" == "override" then d // { value = d.value.content; } else d)
      (filter (d: priority d.value == highest) defs);
  isOption = o: o._type or "" == "option";
  mergeTree = prefix: options: configs:
    let
      optionNames = builtins.zipAttrsWith (n: vs: vs) (map (o: o.tree) options);
      configNames = builtins.zipAttrsWith (n: vs: vs)
        (map (c: builtins.mapAttrs (n: value: { inherit (c) file; inherit value; }) c.tree) configs);
    in builtins.mapAttrs (name: decls:
      let
        loc = prefix ++ [ name ];
        defs = configNames.${name} or [ ];
      in
        if isOption (head decls) then
          if length decls > 1 then throw "the option `${lib.concatStringsSep "." loc}' is declared twice"
          else evalOption loc (head decls) defs
        else mergeTree loc (map (tree: { inherit tree; }) decls)
          (concatMap (d: map (tree: { inherit (d) file; inherit tree; }) (pushDown d.value)) defs)) optionNames;
  evalOption = loc: opt: defs:
    let
      defs' = concatMap (d: map (value: { inherit (d) file; inherit value; }) (discharge d.value)) defs
        ++ lib.optional (opt ? default) { file = "default"; value = { _type = "override"; priority = 1500; content = opt.default; }; };
      final = filterOverrides defs';
      type = opt.type or lib.types.anything;
      checked = map (d:
        if type.check d.value then d
        else throw "a definition for option `${lib.concatStringsSep "." loc}' in `${d.file}' is not of type `${type.name}'") final;
      merged =
        if final == [ ] then throw "the option `${lib.concatStringsSep "." loc}' is used but not defined"
        else type.merge loc checked;
    in if opt ? apply then opt.apply merged else merged;
  mkIf = condition: content: { _type = "if"; inherit condition content; };
in {
  inherit mkIf;
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkForce = content: { _type = "override"; priority = 50; inherit content; };
  mkDefault = content: { _type = "override"; priority = 1000; inherit content; };
  evalModules = { modules, prefix ? [ ], specialArgs ? { } }:
    let
      args = { inherit lib config; } // specialArgs;
      loaded = collect args modules;
      config = mergeTree prefix (map (m: { tree = m.options; }) loaded)
        (concatMap (m: map (tree: { inherit (m) file; inherit tree; }) (pushDown m.config)) loaded);
    in { inherit config; };
}
