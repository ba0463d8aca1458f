# Strings.
{ lib, ... }:

let
  inherit (builtins)
    concatStringsSep elem elemAt filter genList head isString length map match replaceStrings split stringLength
    substring tail toString typeOf unsafeDiscardStringContext;
  inherit (lib.lists) imap1;

  lowerChars = stringToCharacters' "abcdefghijklmnopqrstuvwxyz";
  upperChars = stringToCharacters' "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  stringToCharacters' = text: genList (n: substring n 1 text) (stringLength text);

  asciiTable = import ./ascii-table.nix;

  # For `assert`: the value has the type, or the failure says who got what.
  expectString = where: value: isString value || throw "${where} takes a string, but got a ${typeOf value}";
  expectBool = where: value: builtins.isBool value || throw "${where} takes true or false, but got a ${typeOf value}";
in
rec {
  inherit (builtins)
    compareVersions concatStringsSep elem elemAt filter fromJSON genList head isAttrs isInt isList isPath isString length match parseDrvName
    readFile replaceStrings split storeDir stringLength substring tail toJSON toString typeOf
    unsafeDiscardStringContext;
  inherit (builtins) toFile;
  inherit lowerChars upperChars asciiTable;

  # Joining

  join = concatStringsSep;
  concatStrings = concatStringsSep "";
  concatLines = concatMapStrings (line: line + "\n");
  concatMapStrings = f: list: concatStringsSep "" (map f list);
  concatImapStrings = f: list: concatStringsSep "" (imap1 f list);
  concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
  concatImapStringsSep = separator: f: list: concatStringsSep separator (imap1 f list);
  concatMapAttrsStringSep = separator: f: set: concatStringsSep separator (lib.attrsets.mapAttrsToList f set);
  intersperse = separator: list:
    if list == [ ] || length list == 1 then list
    else tail (builtins.concatMap (x: [ separator x ]) list);
  replicate = n: text: concatStringsSep "" (genList (_: text) n);

  makeSearchPath = sub: paths: concatStringsSep ":" (map (path: path + "/" + sub) (filter (x: x != null) paths));
  makeSearchPathOutput = output: sub: packages: makeSearchPath sub (map (lib.attrsets.getOutput output) packages);
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  makeBinPath = makeSearchPathOutput "bin" "bin";

  optionalString = condition: text: if condition then text else "";

  # Prefix, suffix, infix

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix = suffix: text:
    let
      size = stringLength text;
      suffixSize = stringLength suffix;
    in
    size >= suffixSize && substring (size - suffixSize) size text == suffix;
  hasInfix = infix: text: infix == "" || replaceStrings [ infix ] [ "" ] "${text}" != "${text}";

  removePrefix = prefix: text:
    if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix = suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;

  # A path without doubled slashes: `/a//b/` gives `/a/b/`.
  normalizePath = text: builtins.concatStringsSep "/" (
    let parts = splitString "/" text; last = builtins.length parts - 1; in
    builtins.concatLists (lib.lists.imap0 (i: part: if part == "" && i != 0 && i != last then [ ] else [ part ]) parts)
  );

  commonPrefixLength = a: b:
    let
      size = lib.trivial.min (stringLength a) (stringLength b);
      go = n: if n < size && substring n 1 a == substring n 1 b then go (n + 1) else n;
    in
    go 0;
  commonSuffixLength = a: b:
    let
      la = stringLength a;
      lb = stringLength b;
      size = lib.trivial.min la lb;
      go = n: if n < size && substring (la - n - 1) 1 a == substring (lb - n - 1) 1 b then go (n + 1) else n;
    in
    go 0;

  # White space

  trim = trimWith { start = true; end = true; };
  trimWith = { start ? false, end ? false }: text:
    let
      blank = " \t\r\n";
      pattern =
        if start && end then "[${blank}]*(.*[^${blank}])[${blank}]*"
        else if start then "[${blank}]*(.*)"
        else if end then "(.*[^${blank}])[${blank}]*"
        else "(.*)";
      found = match pattern text;
    in
    if found == null then "" else head found;

  # Splitting

  splitString = separator: text:
    map (part: addContextFrom text part)
      (filter isString (split (escapeRegex (toString separator)) (toString text)));
  splitStringBy = predicate: keep: text:
    let
      step = state: char:
        let
          cut = predicate state.previous char;
        in
        {
          previous = char;
          done = if cut then state.done ++ [ state.current ] else state.done;
          current = if cut then (if keep then char else "") else state.current + char;
        };
      last = builtins.foldl' step { previous = ""; done = [ ]; current = ""; } (stringToCharacters text);
    in
    map (addContextFrom text) (last.done ++ [ last.current ]);
  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: concatStringsSep "" (map f (stringToCharacters text));
  charToInt = char: asciiTable.${char};

  # Escaping

  escape = list: replaceStrings list (map (char: "\\${char}") list);
  escapeC = list: replaceStrings list (map (char: "\\x${fixedWidthString 2 "0" (lib.strings.toLower (lib.trivial.toHexString (charToInt char)))}") list);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeURL =
    let
      unreserved = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
      reserved = builtins.removeAttrs asciiTable unreserved;
      names = builtins.attrNames reserved;
    in
    replaceStrings names (map (char: "%" + fixedWidthString 2 "0" (lib.trivial.toHexString reserved.${char})) names);
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  escapeSystemdExecArg = arg:
    let
      text = if isString arg || builtins.isPath arg || arg ? outPath then "${arg}"
        else if builtins.isInt arg || builtins.isFloat arg then toString arg
        else throw "escapeSystemdExecArg: expected a string, a number or a path";
    in
    replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);
  escapeSystemdExecArgs = args: concatMapStringsSep " " escapeSystemdExecArg args;
  escapeSystemdPath = text:
    let
      trimmed = removeSuffix "/" (removePrefix "/" text);
      escaped = replaceStrings [ "/" ] [ "-" ]
        (stringAsChars (char: if match "[a-zA-Z0-9:_./]" char != null then char else "\\x${fixedWidthString 2 "0" (toLower (lib.trivial.toHexString (charToInt char)))}") trimmed);
    in
    if trimmed == "" then "-" else if hasPrefix "." escaped then "\\x2e" + removePrefix "." escaped else escaped;

  # One word of a shell command.
  escapeShellArg = arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then "'${replaceStrings [ "'" ] [ "'\\''" ] text}'" else text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;

  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;

  toShellVar = name: value:
    if !(isValidPosixName name) then throw "toShellVar: ${name} is not a valid shell variable name"
    else if builtins.isAttrs value && !(value ? outPath) && !(value ? __toString) then
      "declare -A ${name}=(${concatStringsSep " " (lib.attrsets.mapAttrsToList (key: inner: "[${escapeShellArg key}]=${escapeShellArg inner}") value)})"
    else if builtins.isList value then "declare -a ${name}=(${escapeShellArgs value})"
    else "${name}=${escapeShellArg value}";
  toShellVars = vars: concatStringsSep "\n" (lib.attrsets.mapAttrsToList toShellVar vars);

  # A text as a string literal of the language.
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier = text:
    let
      keywords = [ "assert" "else" "if" "in" "inherit" "let" "or" "rec" "then" "with" ];
    in
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" text != null && !(elem text keywords) then text else escapeNixString text;

  replaceString = from: to: replaceStrings [ from ] [ to ];
  replaceChars = replaceStrings;

  # Case

  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  toSentenceCase = text:
    if !(isString text) then throw "toSentenceCase takes a string, but got a ${typeOf text}"
    else toUpper (substring 0 1 text) + toLower (substring 1 (-1) text);
  # Words end at `-`, `_`, a space and before a capital that follows a small letter.
  toCamelCase = text:
    let
      divided = splitStringBy (_: char: elem char [ "-" "_" " " ]) false text;
      words = builtins.concatMap (splitStringBy (before: char: isLower before && isUpper char) true) divided;
    in
    if !(isString text) then throw "toCamelCase takes a string, but got a ${typeOf text}"
    else toLower (head words) + concatMapStrings toSentenceCase (tail words);
  isLower = char: elem char lowerChars;
  isUpper = char: elem char upperChars;

  # String contexts

  addContextFrom = source: target: substring 0 0 source + target;
  appendContext = builtins.appendContext;
  getContext = builtins.getContext;
  hasContext = builtins.hasContext;

  # Versions and names

  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(versionOlder a b);
  getName = x: if isString x then (builtins.parseDrvName x).name else x.pname or (builtins.parseDrvName x.name).name;
  getVersion = x: if isString x then (builtins.parseDrvName x).version else x.version or (builtins.parseDrvName x.name).version;
  nameFromURL = url: separator:
    let
      file = lib.lists.last (splitString "/" url);
      name = head (splitString separator file);
    in
    if name == file then throw "nameFromURL: `${file}' has no `${separator}'" else name;

  # Flags of build systems

  cmakeOptionType = type: feature: value:
    assert expectString "cmakeOptionType" feature;
    assert expectString "cmakeOptionType" value;
    if elem (toUpper type) [ "BOOL" "FILEPATH" "PATH" "STRING" "INTERNAL" "LIST" ] then "-D${feature}:${toUpper type}=${value}"
    else throw "cmakeOptionType: `${type}' is no type of CMake";
  cmakeFeature = cmakeOptionType "string";
  cmakeBool = feature: flag:
    assert expectBool "cmakeBool" flag;
    cmakeOptionType "bool" feature (toUpper (lib.trivial.boolToString flag));

  mesonOption = feature: value:
    assert expectString "mesonOption" feature;
    assert expectString "mesonOption" value;
    "-D${feature}=${value}";
  mesonBool = feature: flag:
    assert expectBool "mesonBool" flag;
    mesonOption feature (lib.trivial.boolToString flag);
  mesonEnable = feature: flag:
    assert expectBool "mesonEnable" flag;
    mesonOption feature (if flag then "enabled" else "disabled");

  enableFeature = flag: feature:
    assert expectBool "enableFeature" flag;
    assert expectString "enableFeature" feature;
    "--${if flag then "enable" else "disable"}-${feature}";
  enableFeatureAs = flag: feature: value: enableFeature flag feature + optionalString flag "=${value}";
  withFeature = flag: feature:
    assert expectString "withFeature" feature;
    "--${if flag then "with" else "without"}-${feature}";
  withFeatureAs = flag: feature: value: withFeature flag feature + optionalString flag "=${value}";

  # Widths and numbers

  fixedWidthString = width: filler: text:
    let
      missing = width - stringLength text;
      fills = if missing == 0 then 0 else missing / stringLength filler;
    in
    if missing < 0 then throw "fixedWidthString: `${text}' is longer than ${toString width}"
    else if fills * stringLength filler != missing then
      throw "fixedWidthString: `${text}' cannot be filled up to ${toString width} with whole `${filler}'"
    else replicate fills filler + text;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);

  # Six digits after the point; warns when that loses some.
  floatToString = value:
    let
      text = toString value;
    in
    lib.trivial.warnIf (builtins.fromJSON text != value) "Imprecise conversion from float to string ${text}" text;

  # A decimal integer with optional sign and surrounding blanks; no leading zeros.
  toInt = text:
    let
      found = match "[[:space:]]*(-?)([[:digit:]]+)[[:space:]]*" text;
      digits = elemAt found 1;
    in
    if found == null then throw "toInt: cannot read ${escapeNixString text} as an integer"
    else if substring 0 1 digits == "0" && digits != "0" then throw "toInt: ${escapeNixString text} may be octal or decimal; use toIntBase10"
    else builtins.fromJSON (head found + digits);
  toIntBase10 = text:
    let
      digits = match "[[:space:]]*(-?)0*([[:digit:]]+)[[:space:]]*" text;
    in
    if digits == null then throw "toIntBase10: cannot read ${escapeNixString text} as an integer"
    else builtins.fromJSON (head digits + elemAt digits 1);

  # The paths listed in a file, one per line, below a root.
  readPathsFromFile = root: file:
    map (line: root + "/${line}")
      (filter (line: line != "" && !(hasPrefix "#" line)) (splitString "\n" (builtins.readFile file)));

  fileContents = file: removeSuffix "\n" (builtins.readFile file);

  # Store paths

  # Whether the value, as a string, is a path into the store.
  isStorePath = x:
    if isStringLike x then
      let
        text = toString x;
      in
      substring 0 1 text == "/"
      && (dirOf text == builtins.storeDir
        # The output of a derivation that is known by its content stands in until it is built.
        || match "/[0-9a-z]{52}" text != null)
    else false;

  isStringLike = x: isString x || builtins.isPath x || (builtins.isAttrs x && (x ? outPath || x ? __toString));
  isConvertibleWithToString = x:
    isStringLike x || elem (typeOf x) [ "null" "int" "float" "bool" ]
    || (builtins.isList x && builtins.all isConvertibleWithToString x);
  isCoercibleToString = x:
    elem (typeOf x) [ "path" "string" "null" "int" "float" "bool" ]
    || (builtins.isList x && builtins.all isCoercibleToString x)
    || (builtins.isAttrs x && (x ? outPath || x ? __toString));

  # A name that a store path may have.
  sanitizeDerivationName = text:
    let
      bare = unsafeDiscardStringContext (toString text);
      clean = concatStrings (map (part: if builtins.isList part then "-" else part) (split "[^[:alnum:]+._?=-]+" (removeDots bare)));
      removeDots = text: if hasPrefix "." text then removeDots (substring 1 (-1) text) else text;
      size = stringLength clean;
      short = substring (lib.trivial.max (size - 207) 0) (-1) clean;
    in
    if stringLength bare <= 207 && match "[[:alnum:]+_?=-][[:alnum:]+._?=-]*" bare != null then bare
    else if short == "" then "unknown" else short;

  # Distances

  levenshtein = a: b:
    let
      la = stringLength a;
      lb = stringLength b;
      table = genList (i: genList (j: distance i j) (lb + 1)) (la + 1);
      at = i: j: elemAt (elemAt table i) j;
      distance = i: j:
        if i == 0 then j
        else if j == 0 then i
        else
          let
            cost = if substring (i - 1) 1 a == substring (j - 1) 1 b then 0 else 1;
          in
          lib.trivial.min (lib.trivial.min (at (i - 1) j + 1) (at i (j - 1) + 1)) (at (i - 1) (j - 1) + cost);
    in
    at la lb;
  levenshteinAtMost = limit: a: b:
    if limit <= 0 then a == b
    else
      let
        la = stringLength a;
        lb = stringLength b;
        prefix = commonPrefixLength a b;
        # Equal ends cost nothing, and most names that are far apart differ in length.
        trim = size: text: substring prefix (size - prefix - suffix) text;
        suffix = lib.trivial.min (commonSuffixLength a b) (lib.trivial.min la lb - prefix);
      in
      la - lb <= limit && lb - la <= limit && levenshtein (trim la a) (trim lb b) <= limit;
}
