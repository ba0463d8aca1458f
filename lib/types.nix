# Option types. They live in the engine (`osconf/module_system/types`); own ones are made with `mkOptionType`.
{ lib, primops, ... }:

primops.optionTypes lib
// {
  # Code of Lua, made with `lib.generators.mkLuaInline`.
  luaInline = lib.types.mkOptionType {
    name = "luaInline";
    description = "inline lua";
    descriptionClass = "noun";
    check = value: value._type or null == "lua-inline";
    merge = lib.options.mergeEqualOption;
  };

  # A set of files of `lib.fileset`; several are united.
  fileset = lib.types.mkOptionType {
    name = "fileset";
    description = "fileset";
    descriptionClass = "noun";
    check = lib.fileset.isFileset;
    merge = _: definitions: lib.fileset.unions (map (definition: definition.value) definitions);
    emptyValue.value = lib.fileset.empty;
  };

  # The declaration of an option, made with `lib.mkOption`; not an option that was evaluated.
  optionDeclaration = lib.types.mkOptionType {
    name = "optionDeclaration";
    description = "option declaration";
    descriptionClass = "noun";
    check = value: lib.options.isOption value && !(value ? value);
  };

  # The type of an option that is declared with both; of `_type` "merge-error" where they do not go together.
  mergeTypes = a: b:
    assert lib.types.isOptionType a && lib.types.isOptionType b;
    let
      merged = a.typeMerge b.functor;
    in
    if merged == null then { _type = "merge-error"; error = "Cannot merge types"; } else merged;

  # A type's description inside another one's: in parentheses unless its class is one that reads well there.
  optionDescriptionPhrase = fits: type:
    if fits (type.descriptionClass or null) then type.description else "(${type.description})";
}
