# The steps of the module system one by one, for code that takes it apart: modules in one form, the merging of their
# declarations and definitions. `evalModules` itself does them in the engine; these are the same steps as values.
{ lib, ... }:

let
  inherit (builtins)
    attrNames concatLists concatMap elem filter foldl' head isAttrs isFunction isString length map mapAttrs removeAttrs;
  inherit (lib.attrsets) mapAttrsToList optionalAttrs;
  inherit (lib.options) isOption showOption showFiles;
  inherit (lib.modules) mergeDefinitions mkMerge mkOptionDefault pushDownProperties;

  structure = [ "_class" "_file" "key" "disabledModules" "require" "imports" "freeformType" ];
  sections = structure ++ [ "options" "config" "meta" ];

  # What parts `{ file; value; }` give for every name: the same parts with the name's value, `set` being where it was.
  byName = parts:
    builtins.zipAttrsWith (_: values: values)
      (map (part: mapAttrs (_: value: { inherit (part) file; inherit value; set = part.value; }) part.value) parts);

  positionOf = name: set:
    let
      position = builtins.unsafeGetAttrPos name set;
    in
    if position == null then { file = null; line = null; column = null; } else position;

  # One level of the tree: its declarations and definitions by name, and what below it matches.
  mergeLevel = prefix: declarations: definitions:
    let
      declared = byName declarations;
      spread = concatMap (part: map (value: part // { inherit value; }) (pushDownProperties part.value)) definitions;
      defined = byName spread;
      member = name: parts:
        let
          loc = prefix ++ [ name ];
          options = filter (part: isOption part.value) parts;
          sets = filter (part: !(isOption part.value)) parts;
          bad = filter (part: !(isAttrs part.value) || (part.value ? _type && !(isOption part.value))) sets;
          below = mergeLevel loc sets (defined.${name} or [ ]);
          merged = lib.modules.fixupOptionType loc (lib.modules.mergeOptionDecls loc (map
            (part: { _file = part.file; options = part.value; pos = positionOf name part.set; })
            options));
          extended =
            if sets == [ ] then merged
            else if (merged.type.getSubModules or null) == null then
              throw "The option `${showOption loc}' is an option in ${showFiles (map (p: p.file) options)}, but holds options in ${showFiles (map (p: p.file) sets)}"
            else merged // {
              type = merged.type.substSubModules (merged.type.getSubModules ++ map (part: { _file = part.file; options = part.value; }) sets);
            };
        in
        if bad != [ ] then
          throw "The option set `${showOption loc}' in ${showFiles (map (p: p.file) bad)} is not a declaration; use lib.mkOption"
        else if options != [ ] then {
          matchedOptions = lib.modules.evalOptionValue loc extended (map (part: { inherit (part) file value; }) (defined.${name} or [ ]));
          unmatchedDefns = [ ];
        }
        else below;
      members = mapAttrs member declared;
      free = removeAttrs defined (attrNames declared);
    in
    {
      matchedOptions = mapAttrs (_: found: found.matchedOptions) members;
      unmatchedDefns =
        concatMap (found: found.unmatchedDefns) (builtins.attrValues members)
        ++ concatLists (mapAttrsToList
          (name: map (part: { inherit (part) file value; prefix = prefix ++ [ name ]; }))
          free);
    };
in
rec {
  # A module in one form: `{ _file; _class; key; disabledModules; imports; options; config; }`.
  unifyModuleSyntax = file: key: module:
    let
      withMeta = config:
        mkMerge ([ config ]
          ++ lib.lists.optional (module ? meta) { meta = module.meta; }
          ++ lib.lists.optional (module ? freeformType) { _module.freeformType = module.freeformType; });
      hasParts = module ? meta || module ? freeformType;
      config = module.config or { };
      stray = attrNames (removeAttrs module sections);
      common = {
        _file = toString (module._file or file);
        _class = module._class or null;
        key = toString (module.key or key);
        disabledModules = module.disabledModules or [ ];
      };
    in
    if module._type or "module" != "module" && !(elem module._type [ "if" "merge" "override" "order" ]) then
      throw "The module ${toString file} is a value of type `${module._type}', not a module"
    else if module ? config || module ? options then
      if stray != [ ] && stray != [ "_type" ] then
        throw "The module ${toString file} has `config' or `options', so `${head stray}' cannot stand beside them; move it into `config'"
      else common // {
        imports = module.imports or [ ];
        options = module.options or { };
        config = if hasParts then withMeta config else config;
      }
    else common // {
      imports = module.require or [ ] ++ module.imports or [ ];
      options = { };
      config =
        let
          rest = removeAttrs module (structure ++ [ "meta" ]);
        in
        if hasParts then withMeta rest else rest;
    };

  # The module that a function makes of the arguments it names; other values are modules already.
  applyModuleArgsIfFunction = key: f: arguments@{ config, ... }:
    if lib.trivial.isFunction f then applyModuleArgs key f arguments else f;

  applyModuleArgs = key: f: arguments@{ config, ... }:
    let
      named = mapAttrs
        (name: _: builtins.addErrorContext "while evaluating the module argument `${name}' in \"${toString key}\":"
          (arguments.${name} or config._module.args.${name}))
        (lib.trivial.functionArgs f);
    in
    f (arguments // named);

  # All modules that count, with their imports, in one form: breadth first, every key once, without disabled ones.
  collectModules = class: modulesPath: modules: arguments:
    let
      load = parent: index: module:
        let
          path = if isAttrs module || isFunction module then null else toString module;
          file = if path == null then parent._file else path;
          key = if path == null then "${parent.key}:anon-${toString index}" else path;
          content = if path == null then module else import module;
        in
        unifyModuleSyntax file key (applyModuleArgsIfFunction key content arguments);
      walk = parent: members:
        concatLists (lib.lists.imap1
          (index: module:
            let
              unified = load parent index module;
            in
            if class != null && unified._class != null && unified._class != class then
              throw "The module ${unified._file} is of class `${unified._class}', but class `${class}' is wanted"
            else [ (unified // { children = unified.imports; }) ])
          members);
      found = builtins.genericClosure {
        startSet = walk top modules;
        operator = module: walk module module.children;
      };
      disabledKeys = concatMap
        (module: map
          (entry:
            if isAttrs entry then toString entry.key
            else if isString entry && builtins.substring 0 1 entry != "/" then "${toString modulesPath}/${entry}"
            else toString entry)
          module.disabledModules)
        found;
      reachable = builtins.genericClosure {
        startSet = filter isEnabled (walk top modules);
        operator = module: filter isEnabled (walk module module.children);
      };
      top = { _file = lib.options.unknownModule; key = ""; };
      isEnabled = module: !(elem module.key disabledKeys);
    in
    lib.lists.reverseList (map (module: removeAttrs module [ "children" ]) reachable);

  # Unified modules merged: `{ matchedOptions; unmatchedDefns; }`.
  mergeModules = prefix: modules:
    mergeModules' prefix modules (map (module: { file = module._file; inherit (module) config; }) modules);

  mergeModules' = prefix: modules: configs:
    mergeLevel prefix
      (concatMap
        (module: lib.lists.optional (module.options != { }) { file = module._file; value = module.options; })
        modules)
      (map (part: { inherit (part) file; value = part.config; }) configs);

  # Several declarations `{ _file; options; pos; }` of an option as one; their types are merged.
  mergeOptionDecls = loc: declarations:
    foldl'
      (merged: declaration:
        let
          given = declaration.options;
          clash = name: merged ? ${name} && given ? ${name};
          both = merged.type.typeMerge given.type.functor;
        in
        if clash "default" || clash "apply" || (clash "type" && both == null) then
          throw "The option `${showOption loc}' in `${declaration._file}' is already declared in ${showFiles merged.declarations}."
        else
          given // merged // optionalAttrs (clash "type") { type = both; } // {
            declarations = merged.declarations ++ [ declaration._file ];
            declarationPositions = merged.declarationPositions ++ lib.lists.optional (declaration ? pos) declaration.pos;
            options = merged.options ++ lib.lists.optional (given ? options) given.options;
          })
      { _type = "option"; inherit loc; declarations = [ ]; declarationPositions = [ ]; options = [ ]; }
      declarations;

  # A merged declaration whose type is known: unspecified without one, a submodule with the options declared below.
  fixupOptionType = loc: option:
    let
      type = option.type or lib.types.unspecified;
      below = option.options or [ ];
    in
    if below == [ ] || (type.getSubModules or null) == null then option // { inherit type; }
    else option // { type = type.substSubModules (type.getSubModules ++ map (options: { inherit options; }) below); options = [ ]; };

  # An option with its value: definitions `{ file; value; }` are resolved, checked, merged and passed through `apply`.
  evalOptionValue = loc: option: definitions:
    let
      withDefault = lib.lists.optional (option ? default) {
        file = if option.declarations or [ ] == [ ] then lib.options.unknownModule else head option.declarations;
        value = mkOptionDefault option.default;
      } ++ definitions;
      merged =
        if option.readOnly or false && length withDefault > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${lib.options.showDefs definitions}"
        else mergeDefinitions loc (option.type or lib.types.unspecified) withDefault;
      value = if option ? apply then option.apply merged.mergedValue else merged.mergedValue;
    in
    option // {
      inherit value loc;
      inherit (merged.defsFinal') highestPrio;
      inherit (merged) isDefined;
      inherit (merged.checkedAndMerged) valueMeta;
      definitions = map (definition: definition.value) merged.defsFinal;
      definitionsWithLocations = merged.defsFinal;
      files = map (definition: definition.file) merged.defsFinal;
      __toString = _: showOption loc;
    };

  # The configuration and options of modules that are evaluated inside another configuration.
  fixMergeModules = modules: arguments:
    let
      found = lib.modules.evalModules { inherit modules; args = arguments; check = false; };
    in
    { inherit (found) options config; };
}
