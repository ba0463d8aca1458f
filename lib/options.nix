# Declaring options and showing them.
{ lib, ... }:

let
  inherit (builtins) attrNames concatMap concatStringsSep elemAt filter head isAttrs isList isString length map tail;
in
rec {
  # Whether a value is an option declaration.
  isOption = value: value._type or "" == "option";

  # An option declaration: `default`, `defaultText`, `example`, `description`, `type`, `apply`, `internal`,
  # `visible`, `readOnly`, `relatedPackages`.
  mkOption = { default ? null, defaultText ? null, example ? null, description ? null, relatedPackages ? null, type ? null, apply ? null, internal ? null, visible ? null, readOnly ? null }@attrs:
    attrs // { _type = "option"; };

  # `Whether to enable NAME.`, off by default.
  mkEnableOption = name: mkOption {
    default = false;
    example = true;
    description = "Whether to enable ${name}.";
    type = lib.types.bool;
  };

  # An option for the package a module uses; the default is taken from `pkgs` by a path.
  mkPackageOption = pkgs: name: { nullable ? false, default ? name, example ? null, extraDescription ? "", pkgsText ? "pkgs" }:
    let
      name' = if isList name then lib.lists.last name else name;
      defaultPath = if isList default then default else [ default ];
      showPath = path: concatStringsSep "." ([ pkgsText ] ++ (if isList path then path else [ path ]));
    in
    mkOption ({
      description = "The ${name'} package to use."
        + (if extraDescription == "" then "" else " ${extraDescription}");
      type = (if nullable then lib.types.nullOr else lib.trivial.id) lib.types.package;
    } // lib.attrsets.optionalAttrs (default != null) {
      default = lib.attrsets.attrByPath defaultPath
        (throw "${concatStringsSep "." defaultPath} cannot be found in ${pkgsText}") pkgs;
      defaultText = literalExpression (showPath defaultPath);
    } // lib.attrsets.optionalAttrs (nullable && default == null) {
      default = null;
    } // lib.attrsets.optionalAttrs (example != null) {
      example = if isAttrs example && example ? _type then example else literalExpression (showPath example);
    });

  mkPackageOptionMD = mkPackageOption;
  mkEnableOptionMD = mkEnableOption;

  # An option that swallows whatever is set.
  mkSinkUndeclaredOptions = attrs: mkOption ({
    internal = true;
    visible = false;
    default = false;
    description = "Sink for option definitions.";
    type = lib.options.sinkType;
    apply = _: throw "a sink option cannot be read";
  } // attrs);
  sinkType = lib.types.mkOptionType {
    name = "sink";
    check = _: true;
    merge = _: _: false;
  };

  # Merge functions for own types

  mergeDefaultOption = loc: defs:
    let
      list = getValues defs;
      first = head list;
    in
    if length list == 1 then first
    else if builtins.all lib.trivial.isFunction list then x: mergeDefaultOption loc (map (f: { value = f x; file = ""; }) list)
    else if builtins.all isList list then builtins.concatLists list
    else if builtins.all isAttrs list then builtins.foldl' lib.trivial.mergeAttrs { } list
    else if builtins.all builtins.isBool list then builtins.foldl' (a: b: a || b) false list
    else if builtins.all isString list then lib.strings.concatStrings list
    else if builtins.all builtins.isInt list && builtins.all (x: x == first) list then first
    else throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";

  mergeOneOption = mergeUniqueOption { message = ""; };

  mergeUniqueOption = { message, merge ? null }: loc: defs:
    if length defs == 1 then (if merge == null then (head defs).value else merge loc defs)
    else throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority of one of them.";

  mergeEqualOption = loc: defs:
    if defs == [ ] then throw "This case should never happen."
    else if length defs == 1 then (head defs).value
    else (builtins.foldl'
      (first: def:
        if def.value != first.value
        then throw "The option `${showOption loc}' has conflicting definition values:${showDefs [ first def ]}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions."
        else first)
      (head defs)
      (tail defs)).value;

  getValues = map (x: x.value);
  getFiles = map (x: x.file);

  # Every option below a tree of declarations as documentation records.
  optionAttrSetToDocList = optionAttrSetToDocList' [ ];

  optionAttrSetToDocList' = _: options:
    concatMap
      (option:
        let
          name = showOption option.loc;
          # `shallow` hides the options inside, `transparent` hides all but them.
          shown = option.visible or true;
          document = {
            loc = option.loc;
            inherit name;
            description = option.description or null;
            declarations = filter (x: x != "<unknown-file>") option.declarations;
            internal = option.internal or false;
            visible = if builtins.isBool shown then shown else shown == "shallow";
            readOnly = option.readOnly or false;
            type = option.type.description or "unspecified";
          }
          // lib.attrsets.optionalAttrs (option ? example) { example = renderOptionValue option.example; }
          // lib.attrsets.optionalAttrs (option ? defaultText || option ? default) {
            default = renderOptionValue (option.defaultText or option.default);
          }
          // lib.attrsets.optionalAttrs (option ? relatedPackages && option.relatedPackages != null) {
            inherit (option) relatedPackages;
          };
          inside =
            let
              sub = option.type.getSubOptions option.loc;
            in
            if sub != { } then optionAttrSetToDocList' option.loc sub else [ ];
          showsInside = if builtins.isBool shown then shown else shown == "transparent";
        in
        [ document ] ++ lib.lists.optionals showsInside inside)
      (lib.attrsets.collect isOption options);

  # A value that cannot be printed is shown as code.
  renderOptionValue = value:
    if value ? _type && value ? text then value
    else literalExpression (lib.generators.toPretty { multiline = true; allowPrettyValues = true; } value);

  scrubOptionValue = x:
    if lib.attrsets.isDerivation x then x // { drvPath = x.name; outPath = x.name; }
    else if isList x then map scrubOptionValue x
    else if isAttrs x then builtins.mapAttrs (_: scrubOptionValue) (builtins.removeAttrs x [ "_args" ])
    else x;

  # Text shown as code in the reference.
  literalExpression = text:
    if !isString text then throw "literalExpression expects a string"
    else { _type = "literalExpression"; inherit text; };
  literalExample = literalExpression;
  literalMD = text:
    if !isString text then throw "literalMD expects a string"
    else { _type = "literalMD"; inherit text; };
  literalCode = languageTag: text: literalMD "```${languageTag}\n${text}\n```";
  mdDoc = text: text;

  # `a."b c".d`; placeholders such as `<name>` and `*` stay bare.
  showOption = parts:
    let
      show = part:
        if part == "*" || builtins.match "<.*>" part != null then part
        else lib.strings.escapeNixIdentifier part;
    in
    concatStringsSep "." (map show parts);

  showFiles = files: concatStringsSep " and " (map (file: "`${file}'") files);

  showDefs = defs: lib.strings.concatMapStrings
    (def:
      let
        shown = builtins.tryEval (lib.generators.toPretty { }
          (lib.generators.withRecursion { depthLimit = 10; throwOnDepthLimit = false; } def.value));
        lines = lib.strings.splitString "\n" shown.value;
        text = concatStringsSep "\n    " (lib.lists.take 5 lines ++ lib.lists.optional (length lines > 5) "...");
        # What takes several lines begins on a line of its own.
        value = if length lines > 1 then ":\n    ${text}" else ": ${text}";
      in
      "\n- In `${def.file}'" + (if shown.success then value else ""))
    defs;

  showOptionWithDefLocs = option: ''
    ${showOption option.loc}, with values defined in:
    ${lib.strings.concatMapStringsSep "\n" (file: "  - ${file}") option.files}
  '';

  unknownModule = "<unknown-file>";
}
