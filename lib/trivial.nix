# Small functions on any value: composition, booleans, integers, warnings, files.
{ lib, ... }:

let
  inherit (builtins) bitAnd bitOr bitXor elem functionArgs isAttrs pathExists readFile typeOf;
  osconfVersion = lib.strings.fileContents ./version;

  hexDigits = {
    "0" = 0; "1" = 1; "2" = 2; "3" = 3; "4" = 4; "5" = 5; "6" = 6; "7" = 7; "8" = 8; "9" = 9;
    a = 10; b = 11; c = 12; d = 13; e = 14; f = 15;
    A = 10; B = 11; C = 12; D = 13; E = 14; F = 15;
  };
in
rec {
  inherit (builtins) isBool isFloat isInt add sub lessThan seq deepSeq genericClosure bitAnd bitOr bitXor;

  # Functions

  # The value itself.
  id = x: x;

  # A function that ignores its argument.
  const = x: _: x;

  # Pass a value through functions from left to right.
  pipe = value: functions: builtins.foldl' (x: f: f x) value functions;

  concat = x: y: x ++ y;

  # Swap the first two arguments of a function.
  flip = f: a: b: f b a;

  # Apply a function unless the argument is null.
  mapNullable = f: a: if a == null then a else f a;

  # The first argument unless null, otherwise the second.
  defaultTo = default: value: if value == null then default else value;

  # Merge two attribute sets shallowly.
  mergeAttrs = x: y: x // y;

  # Booleans

  "or" = x: y: x || y;
  and = x: y: x && y;
  xor = x: y: (!x) != (!y);
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";

  # Numbers

  min = x: y: if x < y then x else y;
  max = x: y: if x > y then x else y;

  # Remainder of the division that rounds towards zero.
  mod = base: int: base - (int * (builtins.div base int));

  # Every bit turned over.
  bitNot = builtins.sub (-1);

  # -1, 0 or 1 for an order of two comparable values.
  compare = a: b: if a < b then -1 else if a > b then 1 else 0;

  # Order first by membership of `p`, then by `yes` inside and `no` outside it.
  splitByAndCompare = p: yes: no: a: b:
    if p a then (if p b then yes a b else -1) else if p b then 1 else no a b;

  # Digits of a non-negative integer in a base, most significant first.
  toBaseDigits = base: i:
    let
      go = i: if i < base then [ i ] else go (i / base) ++ [ (i - base * (i / base)) ];
    in
    if !(isInt base) || base < 2 then throw "lib.toBaseDigits: the base must be an integer of at least 2"
    else if !(isInt i) || i < 0 then throw "lib.toBaseDigits: the number must be a non-negative integer"
    else go i;

  toHexString = i:
    builtins.concatStringsSep "" (map (d: builtins.substring d 1 "0123456789ABCDEF") (toBaseDigits 16 i));

  fromHexString = text:
    let
      digits = lib.strings.removePrefix "0x" (lib.strings.removePrefix "0X" text);
    in
    if builtins.match "[0-9a-fA-F]+" digits == null then throw "lib.fromHexString: `${text}' is no hexadecimal number"
    else builtins.foldl' (n: d: n * 16 + hexDigits.${d}) 0 (lib.strings.stringToCharacters digits);

  # Files and the environment

  inherit (builtins) pathExists readFile;

  # Values that no content has: what to write where a hash is asked for and not known yet.
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = lib.strings.replicate 64 "0";
  fakeSha512 = lib.strings.replicate 128 "0";

  importJSON = path: builtins.fromJSON (readFile path);
  importTOML = path: builtins.fromTOML (readFile path);

  inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";
  inPureEvalMode = !(builtins ? currentSystem);

  # Versions

  # The release of nixpkgs whose library this one follows: modules written for nixpkgs compare with it.
  release = "25.11";
  codeName = "Xantusia";
  # What comes after the release in `version`.
  versionSuffix = "-osconf${osconfVersion}";
  version = release + versionSuffix;
  trivialVersion = version;
  # The oldest release whose names still work without a warning, as a number.
  oldestSupportedRelease = 2505;
  isInOldestRelease = release: release <= oldestSupportedRelease;
  oldestSupportedReleaseIsAtLeast = release: release <= oldestSupportedRelease;
  revisionWithDefault = default: default;
  nixpkgsVersion = version;

  # Warnings

  # Print a warning when the value is used.
  warn =
    builtins.warn or (message: value: builtins.trace "evaluation warning: ${message}" value);

  warnIf = condition: message: if condition then warn message else x: x;
  warnIfNot = condition: message: if condition then x: x else warn message;
  throwIf = condition: message: if condition then throw message else x: x;
  throwIfNot = condition: message: if condition then x: x else throw message;
  showWarnings = warnings: value: builtins.foldl' (value: message: warn message value) value warnings;
  info = message: value: builtins.trace "INFO: ${message}" value;

  # Fail unless every element is one of the valid ones.
  checkListOfEnum = message: valid: given:
    let
      unexpected = lib.lists.subtractLists valid given;
    in
    throwIfNot (unexpected == [ ])
      "${message}: ${builtins.concatStringsSep ", " (map builtins.toString unexpected)} unexpected; valid ones: ${builtins.concatStringsSep ", " (map builtins.toString valid)}";

  # Functions with named arguments

  # The function with a given set of named arguments, as `functionArgs` reports it.
  setFunctionArgs = f: args: { __functor = self: f; __functionArgs = args; };

  functionArgs = f:
    if f ? __functor then f.__functionArgs or (functionArgs (f.__functor f)) else builtins.functionArgs f;

  isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));

  # `g` with the named arguments of `f`.
  mirrorFunctionArgs = f: g: setFunctionArgs g (functionArgs f);

  # A function from any value.
  toFunction = v: if isFunction v then v else _: v;

}
