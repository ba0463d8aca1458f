# Texts in common formats from values.
{ lib, ... }:

let
  inherit (builtins) attrNames concatStringsSep elem filter functionArgs isAttrs isBool isFloat isFunction isInt isList isPath isString length map mapAttrs toJSON typeOf;
  inherit (lib.attrsets) isDerivation mapAttrsToList;
  inherit (lib.strings) concatMapStrings concatMapStringsSep escape escapeNixIdentifier floatToString hasInfix optionalString removeSuffix replicate splitString;

  # Values one may write as a key's value, in their plain form.
  failValue = what: value: abort "generators.mkValueStringDefault: ${what} not supported: ${toPrettyShort value}";
  toPrettyShort = value: (import ./pretty.nix { inherit lib; }).toPretty { } value;
in
rec {
  inherit (import ./pretty.nix { inherit lib; }) toPretty withRecursion;

  # Values and keys

  mkValueStringDefault = { }: value:
    if isString value then value
    else if isInt value || isDerivation value || isPath value then toString value
    else if isBool value then (if value then "true" else "false")
    else if value == null then "null"
    else if isList value then failValue "lists" value
    else if isAttrs value then failValue "attrsets" value
    else if isFunction value then failValue "functions" value
    else if isFloat value then floatToString value
    else failValue "this type" value;

  mkKeyValueDefault = { mkValueString ? mkValueStringDefault { } }: separator:
    let
      # Made once, not for every key.
      escapeKey = escape [ separator ];
    in
    key: value: "${escapeKey key}${separator}${mkValueString value}";

  # key=value lines

  toKeyValue = { mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false, indent ? "" }:
    let
      line = key: value: indent + mkKeyValue key value + "\n";
      lines = key: value: if listsAsDuplicateKeys && isList value then map (line key) value else [ (line key value) ];
    in
    set: lib.strings.concatStrings (lib.lists.concatLists (mapAttrsToList lines set));

  # INI

  toINI = { mkSectionName ? (name: escape [ "[" "]" ] name), mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }:
    set:
    concatStringsSep "\n" (mapAttrsToList
      (name: section: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } section)
      set);

  toINIWithGlobalSection = { mkSectionName ? (name: escape [ "[" "]" ] name), mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }@arguments:
    { globalSection, sections ? { } }:
    (if globalSection == { } then "" else toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } globalSection + "\n")
    + toINI { inherit mkSectionName mkKeyValue listsAsDuplicateKeys; } sections;

  # Git's configuration: sections `a "b"`, strings quoted when needed.
  toGitINI = set:
    let
      mkSectionName = name:
        let
          parts = splitString "." name;
          section = builtins.head parts;
          subsection = concatStringsSep "." (builtins.tail parts);
        in
        # A name with a quote is written as a section of the file already.
        if length parts == 1 || hasInfix "\"" name then name else ''${section} "${escape [ "\\" ] subsection}"'';
      mkValueString = value:
        let
          escaped = ''"${builtins.replaceStrings [ "\n" "\t" (builtins.fromJSON "\"\\b\"") ] [ "\\n" "\\t" "\\b" ] (escape [ "\\" "\"" ] value)}"'';
        in
        mkValueStringDefault { } (if isString value then escaped else value);
      mkKeyValue = key: value:
        if isList value then concatStringsSep "\n" (map (v: "\t" + mkKeyValueDefault { inherit mkValueString; } " = " key v) value)
        else "\t" + mkKeyValueDefault { inherit mkValueString; } " = " key value;
      # Sets below a section become dotted sections.
      flatten =
        let
          go = path: value:
            if isAttrs value && !(isDerivation value)
            then lib.lists.concatLists (mapAttrsToList (name: go ([ name ] ++ path)) value)
            else if length path > 1 then
              [ { section = concatStringsSep "." (lib.lists.reverseList (builtins.tail path)); key = builtins.head path; inherit value; } ]
            else [ { section = null; key = builtins.head path; inherit value; } ];
        in
        go [ ];
      entries = flatten set;
      sections = mapAttrs (_: items: builtins.listToAttrs (map (item: lib.attrsets.nameValuePair item.key item.value) items))
        (builtins.groupBy (item: if item.section == null then throw "toGitINI: `${item.key}' is outside of a section" else item.section) entries);
    in
    toINI { inherit mkSectionName mkKeyValue; } sections;

  # dconf and GVariant

  mkDconfKeyValue = mkKeyValueDefault { mkValueString = value: toString (lib.gvariant.mkValue value); } "=";
  toDconfINI = toINI { mkKeyValue = mkDconfKeyValue; };

  # JSON is YAML.
  toJSON = { }: builtins.toJSON;
  toYAML = toJSON;

  # Apple property lists

  toPlist = { escape ? false }: value:
    let
      escapeText = if escape then lib.strings.escapeXML else (text: text);
      expr = indent: x:
        if x == null then ""
        else if isBool x then "${indent}<${if x then "true" else "false"}/>"
        else if isInt x then "${indent}<integer>${toString x}</integer>"
        else if isString x then "${indent}<string>${escapeText x}</string>"
        else if isPath x then "${indent}<string>${escapeText (toString x)}</string>"
        else if isList x then "${indent}<array>\n${concatMapStringsSep "\n" (expr (indent + "\t")) x}\n${indent}</array>"
        else if isAttrs x then "${indent}<dict>\n${attrs (indent + "\t") x}\n${indent}</dict>"
        else if isFloat x then "${indent}<real>${toString x}</real>"
        else abort "generators.toPlist: a ${typeOf x} cannot be written";
      # `_module` is what the module system leaves in the sets of its submodules.
      attrs = indent: x: concatStringsSep "\n" (mapAttrsToList
        (name: v: "${indent}<key>${escapeText name}</key>\n${expr indent v}")
        (lib.attrsets.filterAttrs (name: v: name != "_module" && v != null) x));
    in
    ''
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">
      ${expr "" value}
      </plist>'';

  # Dhall

  toDhall = { }@arguments: value:
    if isAttrs value then
      "{ ${concatStringsSep ", " (mapAttrsToList (name: v: "${name} = ${toDhall arguments v}") value)} }"
    else if isList value then "[ ${concatMapStringsSep ", " (toDhall arguments) value} ]"
    else if isInt value then "${if value < 0 then "" else "+"}${toString value}"
    else if isBool value then (if value then "True" else "False")
    else if isFunction value then abort "generators.toDhall: cannot convert a function to Dhall"
    else if value == null then abort "generators.toDhall: cannot convert a null to Dhall"
    else builtins.toJSON value;

  # Lua

  toLua = { multiline ? true, indent ? "", asBindings ? false }@arguments: value:
    let
      inner = "${indent}  ";
      innerArguments = arguments // { indent = inner; asBindings = false; };
      concat =
        if multiline then concatMapStringsSep ",\n" (item: inner + item)
        else concatStringsSep ", ";
      wrap = open: close: items:
        if items == [ ] then open + close
        else if multiline then "${open}\n${concat items}\n${indent}${close}"
        else "${open} ${concat items} ${close}";
      isInline = x: x._type or null == "lua-inline";
      badNames = filter
        (name: builtins.match "[[:alpha:]_][[:alnum:]_]*(\\.[[:alpha:]_][[:alnum:]_]*)*" name == null)
        (attrNames value);
      bindings = concatMapStrings (name: "${indent}${name} = ${toLua (arguments // { asBindings = false; }) value.${name}}\n")
        (attrNames value);
    in
    if asBindings then
      assert lib.asserts.assertMsg (badNames == [ ]) "Bad Lua var names: ${toPretty { } badNames}";
      bindings
    else if value == null then "nil"
    else if isInt value || isFloat value || isString value || isBool value then builtins.toJSON value
    else if isPath value || isDerivation value then builtins.toJSON "${value}"
    else if isList value then wrap "{" "}" (map (toLua innerArguments) value)
    else if isAttrs value then
      if isInline value then "(${value.expr})"
      else wrap "{" "}" (mapAttrsToList (name: v: "[${builtins.toJSON name}] = ${toLua innerArguments v}") value)
    else abort "generators.toLua: type ${typeOf value} is unsupported";

  mkLuaInline = expr: { _type = "lua-inline"; inherit expr; };
}
