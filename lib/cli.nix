# Command lines from attribute sets.
{ lib, ... }:

rec {
  # Options as one shell text.
  toGNUCommandLineShell = settings: set: lib.strings.escapeShellArgs (toGNUCommandLine settings set);

  # Options as a list: `-X PUT --data=…`; true is a flag, false and null are left out, lists repeat the option.
  toGNUCommandLine =
    { mkOptionName ? (key: if builtins.stringLength key == 1 then "-${key}" else "--${key}")
    , mkBool ? (key: value: lib.lists.optional value (mkOptionName key))
    , mkList ? (key: value: builtins.concatMap (mkOption key) value)
    , mkOption ? (key: value:
        if value == null then [ ]
        else if optionValueSeparator == null then [ (mkOptionName key) (lib.generators.mkValueStringDefault { } value) ]
        else [ "${mkOptionName key}${optionValueSeparator}${lib.generators.mkValueStringDefault { } value}" ])
    , optionValueSeparator ? null
    }:
    set:
    let
      render = key: value:
        if builtins.isBool value then mkBool key value
        else if builtins.isList value then mkList key value
        else mkOption key value;
    in
    builtins.concatLists (lib.attrsets.mapAttrsToList render set);

  # Options by a format: `optionFormat name` gives `{ option; sep; explicitBool; }`.
  toCommandLine = optionFormat: set:
    let
      render = name: value:
        let
          format = { explicitBool = false; formatArg = lib.generators.mkValueStringDefault { }; } // optionFormat name;
          one = argument:
            if format.sep == null then [ format.option (format.formatArg argument) ]
            else [ "${format.option}${format.sep}${format.formatArg argument}" ];
        in
        if value == null then [ ]
        else if builtins.isBool value && !format.explicitBool then lib.lists.optional value format.option
        else if builtins.isList value then builtins.concatMap (render name) value
        else one value;
    in
    builtins.concatLists (lib.attrsets.mapAttrsToList render set);
  toCommandLineShell = optionFormat: set: lib.strings.escapeShellArgs (toCommandLine optionFormat set);
  # The same with GNU's habits, for a shell: `-v --data='x y'`.
  toCommandLineShellGNU = settings: set: lib.strings.escapeShellArgs (toCommandLineGNU settings set);
  # Options as GNU programs take them: `-v`, `--data=x`.
  toCommandLineGNU =
    { isLong ? (name: builtins.stringLength name > 1), explicitBool ? false, formatArg ? lib.generators.mkValueStringDefault { } }:
    toCommandLine (name: {
      option = if isLong name then "--${name}" else "-${name}";
      sep = if isLong name then "=" else "";
      inherit explicitBool formatArg;
    });
}
