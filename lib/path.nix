# Path values: joining, splitting, relations. A subpath is a relative path text without `..`.
{ lib, ... }:

let
  inherit (builtins) concatStringsSep elem filter head isPath isString length split;

  componentsOf = text: filter (part: isString part && part != "" && part != ".") (split "/" text);

  invalidReason = text:
    if !isString text then "The given value is of type ${builtins.typeOf text}, but a string was expected"
    else if text == "" then "The given string is empty"
    else if lib.strings.hasPrefix "/" text then "The given string \"${text}\" starts with a `/`, representing an absolute path"
    else if elem ".." (filter isString (split "/" text)) then "The given string \"${text}\" contains a `..` component, which is not allowed in subpaths"
    else null;

  check = where: text:
    let
      reason = invalidReason text;
    in
    if reason == null then text else throw "lib.path.${where}: Argument is not a valid subpath string: ${reason}";

  # A path value, or a failure that says whose argument is none.
  expectPath = where: value:
    if isPath value then value
    else throw "lib.path.${where} is of type ${builtins.typeOf value}, but a path was expected: ${lib.generators.toPretty { multiline = false; } value}";

  # Paths on different roots have nothing to do with each other.
  sameRoot = where: a: b:
    a.root == b.root || throw "lib.path.${where}: the roots ${toString a.root} and ${toString b.root} are different";

  joinComponents = components: if components == [ ] then "./." else "./" + concatStringsSep "/" components;

  # `{ root; components; }` of a path value.
  deconstruct = path:
    let
      go = components: base:
        if base == dirOf base then { root = base; inherit components; }
        else go ([ (baseNameOf base) ] ++ components) (dirOf base);
    in
    go [ ] path;
in
rec {
  # A path value followed by a subpath.
  append = path: subpath:
    expectPath "append: the first argument" path + ("/" + check "append" subpath);

  hasPrefix = base:
    let
      baseParts = deconstruct (expectPath "hasPrefix: the first argument" base);
    in
    path:
    let
      parts = deconstruct (expectPath "hasPrefix: the second argument" path);
    in
    sameRoot "hasPrefix" baseParts parts && lib.lists.take (length baseParts.components) parts.components == baseParts.components;

  removePrefix = base: path:
    let
      count = length (deconstruct (expectPath "removePrefix: the first argument" base)).components;
    in
    if hasPrefix base path then joinComponents (lib.lists.drop count (deconstruct path).components)
    else throw "lib.path.removePrefix: \"${toString path}\" is not below \"${toString base}\"";

  splitRoot = path:
    let
      parts = deconstruct (expectPath "splitRoot: the argument" path);
    in
    # Fail at once, not when the parts are looked at.
    builtins.seq parts { inherit (parts) root; subpath = joinComponents parts.components; };

  # Whether a path is a store path or below one.
  hasStorePathPrefix = path:
    let
      store = builtins.storeDir + "/";
      text = toString (expectPath "hasStorePathPrefix: the argument" path);
      member = head (lib.strings.splitString "/" (lib.strings.removePrefix store text));
    in
    lib.strings.hasPrefix store text && builtins.match "[0-9a-df-np-sv-z]{32}-.+" member != null;

  subpath = {
    isValid = text: invalidReason text == null;
    normalise = text: joinComponents (componentsOf (check "subpath.normalise" text));
    components = text: componentsOf (check "subpath.components" text);
    join = texts: joinComponents (builtins.concatMap (text: componentsOf (check "subpath.join" text)) texts);
  };
}
