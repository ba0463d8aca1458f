# The module system: the properties a definition may carry, and `evalModules`.
#
# The engine is `osconf/module_system`; this file is its face in the language.
{ lib, primops, ... }:

let
  inherit (builtins) concatStringsSep filter isAttrs isFunction isString map;
  inherit (lib.attrsets) getAttrFromPath hasAttrByPath setAttrByPath attrByPath;
  inherit (lib.options) mkOption showOption;

  # The definitions of an option, each with the file it is from, for the messages about another option.
  locatedDefinitions = option:
    map (definition: { _type = "definition"; inherit (definition) file value; }) option.definitionsWithLocations;
in
rec {
  # Evaluate modules to `{ config, options, _module, type, extendModules, class }`.
  evalModules = arguments: primops.evalModules lib arguments;

  # Definition properties

  # A definition that holds under a condition.
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  # `assert` as a property.
  mkAssert = assertion: message: content:
    mkIf (if assertion then true else throw "\nFailed assertion: ${message}") content;
  # Several definitions in one place.
  mkMerge = contents: { _type = "merge"; inherit contents; };
  # A definition of a priority; the lowest number wins.
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  defaultOverridePriority = 100;
  defaultPriority = 100;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkStrict = mkForce;
  # A definition at a place in the merged order; 1000 is the middle.
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  mkBefore = mkOrder 500;
  defaultOrderPriority = 1000;
  mkAfter = mkOrder 1500;
  # A definition that names its file.
  mkDefinition = arguments@{ file, value, ... }: arguments // { _type = "definition"; };


  # Definitions without the properties around them

  # The sets that a set with properties stands for; the properties go to the members.
  pushDownProperties = definition:
    let
      kind = definition._type or "";
      under = wrap: map (builtins.mapAttrs (_: wrap)) (pushDownProperties definition.content);
    in
    if kind == "merge" then builtins.concatMap pushDownProperties definition.contents
    else if kind == "if" then under (mkIf definition.condition)
    else if kind == "override" then under (mkOverride definition.priority)
    else [ definition ];

  # The values that a value with conditions and merges stands for.
  dischargeProperties = definition:
    let
      kind = definition._type or "";
    in
    if kind == "merge" then builtins.concatMap dischargeProperties definition.contents
    else if kind == "if" then
      (if !(builtins.isBool definition.condition) then throw "the condition of mkIf is no Boolean"
      else if definition.condition then dischargeProperties definition.content else [ ])
    else [ definition ];

  # The definitions `{ file, value }` of the highest priority, and that priority.
  filterOverrides = definitions: (filterOverrides' definitions).values;
  filterOverrides' = definitions:
    let
      priorityOf = definition:
        if definition.value._type or "" == "override" then definition.value.priority else defaultOverridePriority;
      highestPrio = builtins.foldl' (best: definition: lib.trivial.min best (priorityOf definition)) 9999 definitions;
      strip = definition:
        if definition.value._type or "" == "override" then definition // { value = definition.value.content; } else definition;
    in
    { values = map strip (filter (definition: priorityOf definition == highestPrio) definitions); inherit highestPrio; };

  # Definitions in the order that mkOrder asks for.
  sortProperties = definitions:
    let
      orderOf = definition: if definition.value._type or "" == "order" then definition.value.priority else defaultOrderPriority;
      strip = definition:
        if definition.value._type or "" == "order" then definition // { value = definition.value.content; } else definition;
    in
    map strip (builtins.sort (a: b: orderOf a < orderOf b) definitions);

  mkFixStrictness = content: content;

  # Put the definitions of an option (with their priorities) on another option.
  mkAliasDefinitions = mkAliasAndWrapDefinitions lib.trivial.id;
  mkAliasAndWrapDefinitions = wrap: option: mkAliasIfDef option (wrap (mkMerge option.definitions));
  mkAliasIfDef = option: mkIf (isAttrs option && option.isDefined or false);
  mkAliasAndWrapDefsWithPriority = wrap: option:
    mkIf (option.isDefined or false) (mkOverride (option.highestPrio or defaultOverridePriority) (wrap (mkMerge option.definitions)));
  mkDerivedConfig = option: f:
    mkOverride (option.highestPrio or defaultOverridePriority) (f option.value);

  # Modules

  # The module of a file, with a place for its error messages.
  setDefaultModuleLocation = file: module: { _file = file; imports = [ module ]; };

  # Import JSON or TOML as a module.
  importJSON = file: { _file = file; config = lib.trivial.importJSON file; };
  importTOML = file: { _file = file; config = lib.trivial.importTOML file; };
  importApply = path: arguments: setDefaultModuleLocation path (import path arguments);

  # An option that moved: the old name works and warns.
  mkRenamedOptionModule = from: to: doRename {
    inherit from to;
    visible = false;
    warn = true;
    use = builtins.trace "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
  };

  mkRenamedOptionModuleWith = { from, to, sinceRelease }: doRename {
    inherit from to;
    visible = false;
    warn = lib.trivial.isInOldestRelease sinceRelease;
    use = lib.trivial.warnIf (lib.trivial.isInOldestRelease sinceRelease)
      "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
  };

  # Two names for one option.
  mkAliasOptionModule = from: to: doRename {
    inherit from to;
    visible = true;
    warn = false;
    use = lib.trivial.id;
  };
  mkAliasOptionModuleMD = mkAliasOptionModule;

  # An option that is gone: setting it fails with an explanation.
  mkRemovedOptionModule = path: replacement: { options, ... }: {
    options = setAttrByPath path (mkOption {
      visible = false;
      apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${replacement}";
    });
    config.assertions =
      let
        option = getAttrFromPath path options;
      in
      [
        {
          assertion = !option.isDefined;
          message = ''
            The option definition `${showOption path}' in ${lib.options.showFiles option.files} no longer has any effect; please remove it.
            ${replacement}
          '';
        }
      ];
  };

  # Several old options merged into a new one by a function of the configuration.
  mkMergedOptionModule = from: to: mergeFn: { config, options, ... }: {
    options = lib.lists.foldl' lib.attrsets.recursiveUpdate { } (map
      (path: setAttrByPath path (mkOption {
        visible = false;
        # A value of the old option is only a definition of the new one.
        default = "_mkMergedOptionModule";
      }))
      from);
    config =
      let
        isSet = path: attrByPath path "_mkMergedOptionModule" config != "_mkMergedOptionModule";
        given = filter isSet from;
      in
      {
        warnings = map
          (path:
            let
              option = getAttrFromPath path options;
            in
            "The option `${showOption path}' defined in ${lib.options.showFiles option.files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly.")
          given;
      } // setAttrByPath to (mkMerge (lib.lists.optional (given != [ ]) (mergeFn config)));
  };

  # An option whose type changed with its name.
  mkChangedOptionModule = from: to: changeFn: mkMergedOptionModule [ from ] to changeFn;

  # One option whose value is derived from another name.
  doRename = { from, to, visible, warn, use, withPriority ? true, condition ? true }:
    { config, options, ... }:
    let
      fromOption = getAttrFromPath from options;
      toOf = attrByPath to (abort "Renaming error: option `${showOption to}' does not exist.");
      toType = let option = attrByPath to { } options; in option.type or (lib.types.submodule { });
      definitions =
        if withPriority then mkAliasAndWrapDefsWithPriority (setAttrByPath to) located
        else mkAliasAndWrapDefinitions (setAttrByPath to) located;
      located = fromOption // { definitions = locatedDefinitions fromOption; };
    in
    {
      options = setAttrByPath from (mkOption {
        inherit visible;
        description = "Alias of {option}`${showOption to}`.";
        apply = _: use (toOf config);
      } // lib.attrsets.optionalAttrs (toType != null) { type = toType; });
      config = mkIf condition (mkMerge [
        (lib.attrsets.optionalAttrs (options ? warnings) {
          warnings = lib.lists.optional (warn && fromOption.isDefined)
            "The option `${showOption from}' defined in ${lib.options.showFiles fromOption.files} has been renamed to `${showOption to}'.";
        })
        definitions
      ]);
    };

  # Definitions from a function over many keys, safe from infinite recursion: only known attributes are defined.
  mkMergeAttrs = keys: list: builtins.listToAttrs (map (name: { inherit name; value = mkMerge (builtins.catAttrs name list); }) keys);

  # Change the value of a definition; the properties around it stay.
  mapDefinitionValue = f: definition:
    let
      kind = definition._type or null;
      inner = mapDefinitionValue f;
    in
    if kind == "merge" then definition // { contents = map inner definition.contents; }
    else if kind == "if" || kind == "override" || kind == "order" then definition // { content = inner definition.content; }
    else if kind == "definition" then definition // { value = inner definition.value; }
    else f definition;

  # The members of an option of `attrsOf`, each with its value and the priority of what defines it.
  mergeAttrDefinitionsWithPrio = option:
    let
      sets = builtins.concatMap
        (definition: map (value: definition // { inherit value; }) (pushDownProperties definition.value))
        option.definitionsWithLocations;
      members = lib.attrsets.zipAttrs (map (definition: builtins.mapAttrs (_: value: definition // { inherit value; }) definition.value) sets);
      describe = name: definitions:
        let
          merged = mergeDefinitions (option.loc ++ [ name ]) option.type.nestedTypes.elemType definitions;
        in
        { value = merged.mergedValue; inherit (merged.defsFinal') highestPrio; };
    in
    assert option.type.name == "attrsOf" || option.type.name == "lazyAttrsOf";
    builtins.mapAttrs describe members;

  # Evaluate definitions with a type, outside of any module.
  mergeDefinitions = loc: type: definitions: primops.mergeDefinitions loc type definitions;

  # The steps of merging, one by one

  inherit (import ./module-parts.nix { inherit lib; })
    applyModuleArgs applyModuleArgsIfFunction collectModules evalOptionValue fixMergeModules fixupOptionType
    mergeModules mergeModules' mergeOptionDecls unifyModuleSyntax;

  inherit (lib.options) unknownModule;
}
