# Settings as values: { type; generate name value -> file; } for the formats that programs read.
{ lib, final, ... }:
let
  inherit (lib) types;

  scalar =
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.float
        types.str
        types.path
      ]
    );

  # A value of any depth.
  tree =
    name:
    let
      value =
        types.nullOr (
          types.oneOf [
            types.bool
            types.int
            types.float
            types.str
            types.path
            (types.attrsOf value)
            (types.listOf value)
          ]
        )
        // {
          description = "${name} value";
        };
    in
    value;

  isTable = value: builtins.isAttrs value && !(lib.isDerivation value);

  # TOML (toml.io, 1.0): plain keys of a table first, then its tables, then its arrays of tables.
  toToml =
    let
      key = name: if builtins.match "[A-Za-z0-9_-]+" name != null then name else builtins.toJSON name;
      inlineValue =
        value:
        if isTable value then
          "{ ${lib.concatStringsSep ", " (lib.mapAttrsToList (name: item: "${key name} = ${inlineValue item}") value)} }"
        else if builtins.isList value then
          "[ ${lib.concatStringsSep ", " (map inlineValue value)} ]"
        else
          builtins.toJSON value;
      isTableList = value: builtins.isList value && value != [ ] && builtins.all isTable value;
      section =
        path: set:
        let
          kept = lib.filterAttrs (_: value: value != null) set;
          plain = lib.filterAttrs (_: value: !(isTable value) && !(isTableList value)) kept;
          tables = lib.filterAttrs (_: isTable) kept;
          lists = lib.filterAttrs (_: isTableList) kept;
          name = lib.concatMapStringsSep "." key;
        in
        lib.concatStrings (lib.mapAttrsToList (item: value: "${key item} = ${inlineValue value}\n") plain)
        + lib.concatStrings (
          lib.mapAttrsToList (item: value: "\n[${name (path ++ [ item ])}]\n${section (path ++ [ item ]) value}") tables
        )
        + lib.concatStrings (
          lib.mapAttrsToList (
            item: values:
            lib.concatMapStrings (value: "\n[[${name (path ++ [ item ])}]]\n${section (path ++ [ item ]) value}") values
          ) lists
        );
    in
    section [ ];

  write = name: text: final.writeText name text;

  atoms = listsAsDuplicateKeys: listToValue: if listsAsDuplicateKeys || listToValue != null then types.either scalar (types.listOf scalar) else scalar;
  joinLists = listToValue: if listToValue == null then lib.id else lib.mapAttrs (_: value: if builtins.isList value then listToValue value else value);
in
{
  json = _: {
    type = tree "JSON";
    generate = name: value: write name (builtins.toJSON value + "\n");
  };

  # JSON is YAML (yaml.org, 1.2).
  yaml = _: {
    type = tree "YAML";
    generate = name: value: write name (builtins.toJSON value + "\n");
  };

  toml = _: {
    type = types.attrsOf (tree "TOML");
    generate = name: value: write name (toToml value);
  };

  ini =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      ...
    }@arguments:
    {
      type = types.attrsOf (types.attrsOf (atoms listsAsDuplicateKeys listToValue));
      lib.types.atom = atoms listsAsDuplicateKeys listToValue;
      generate =
        name: value:
        write name (
          lib.generators.toINI (builtins.removeAttrs arguments [ "listToValue" "atomsCoercedToLists" ]) (
            lib.mapAttrs (_: joinLists listToValue) value
          )
        );
    };

  iniWithGlobalSection =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      ...
    }@arguments:
    {
      type = types.submodule {
        options = {
          sections = lib.mkOption {
            type = types.attrsOf (types.attrsOf (atoms listsAsDuplicateKeys listToValue));
            default = { };
          };
          globalSection = lib.mkOption {
            type = types.attrsOf (atoms listsAsDuplicateKeys listToValue);
            default = { };
          };
        };
      };
      generate =
        name:
        {
          sections ? { },
          globalSection ? { },
          ...
        }:
        write name (
          lib.generators.toINIWithGlobalSection (builtins.removeAttrs arguments [ "listToValue" "atomsCoercedToLists" ]) {
            sections = lib.mapAttrs (_: joinLists listToValue) sections;
            globalSection = joinLists listToValue globalSection;
          }
        );
    };

  keyValue =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      ...
    }@arguments:
    {
      type = types.attrsOf (atoms listsAsDuplicateKeys listToValue);
      generate =
        name: value:
        write name (lib.generators.toKeyValue (builtins.removeAttrs arguments [ "listToValue" ]) (joinLists listToValue value));
    };

  gitIni = _: {
    type = types.attrsOf (types.attrsOf (types.either scalar (types.attrsOf scalar)));
    generate = name: value: write name (lib.generators.toGitINI value);
  };
}
