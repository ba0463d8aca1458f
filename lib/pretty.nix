# Values as readable expressions of the language.
{ lib }:

let
  inherit (builtins) attrNames concatStringsSep isAttrs isBool isFloat isInt isList isPath isString map typeOf;
  inherit (lib.trivial) functionArgs isFunction;
  inherit (lib.strings) concatMapStringsSep escapeNixIdentifier splitString;
in
rec {
  # Limit the depth of a value before it is shown; deeper parts become `<unevaluated>`. What is no set and no list is one
  # level below what holds it.
  withRecursion = { depthLimit, throwOnDepthLimit ? true }:
    assert isInt depthLimit;
    let
      specialAttrs = [ "__functor" "__functionArgs" "__toString" "__pretty" ];
      limit = depth: x:
        if depth <= depthLimit then x
        else if throwOnDepthLimit then throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
        else "<unevaluated>";
      go = depth: value:
        let
          inner = v: go (depth + 1) (limit (depth + 1) v);
        in
        if isAttrs value then builtins.mapAttrs (name: v: if builtins.elem name specialAttrs then v else inner v) value
        else if isList value then map inner value
        else limit (depth + 1) value;
    in
    go 0;

  toPretty = { allowPrettyValues ? false, multiline ? true, indent ? "" }:
    let
      go = indent: value:
        let
          introSpace = if multiline then "\n${indent}  " else " ";
          outroSpace = if multiline then "\n${indent}" else " ";
          inner = go (indent + "  ");
          multilineString = text:
            let
              escaped = map (builtins.replaceStrings [ "\${" "''" ] [ "''\${" "'''" ]) (splitString "\n" text);
              lastLine = lib.lists.last escaped;
            in
            "''" + introSpace + concatStringsSep introSpace (lib.lists.init escaped)
            + (if lastLine == "" then outroSpace else introSpace + lastLine) + "''";
          singleString = text: "\"" + builtins.replaceStrings [ "\${" "\"" "\\" "\n" ] [ "\\\${" "\\\"" "\\\\" "\\n" ] text + "\"";
        in
        if value == null then "null"
        else if isInt value then toString value
        else if isFloat value then builtins.toJSON value
        else if isBool value then (if value then "true" else "false")
        else if isString value then
          if multiline && lib.strings.hasInfix "\n" value then multilineString value else singleString value
        else if isPath value then toString value
        else if isList value then
          if value == [ ] then "[ ]"
          else "[" + introSpace + concatMapStringsSep introSpace inner value + outroSpace + "]"
        else if isFunction value then
          let
            arguments = functionArgs value;
            shown = concatStringsSep ", " (map (name: if arguments.${name} then "${name}?" else name) (attrNames arguments));
          in
          if arguments == { } then "<function>" else "<function, args: {${shown}}>"
        else if isAttrs value then
          if value ? __pretty && value ? val && allowPrettyValues then value.__pretty value.val
          else if value == { } then "{ }"
          else if value.type or null == "derivation" then "<derivation ${value.name or "???"}>"
          else
            "{" + introSpace
            + concatMapStringsSep introSpace
              (name: "${escapeNixIdentifier name} = ${builtins.addErrorContext "while evaluating an attribute `${name}'" (inner value.${name})};")
              (attrNames value)
            + outroSpace + "}"
        else throw "generators.toPretty: should never happen (value = ${typeOf value})";
    in
    go indent;
}
