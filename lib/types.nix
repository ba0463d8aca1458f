# Option types. They live in the engine (`osconf/module_system/types`); own ones are made with `mkOptionType`.
{ lib, primops, ... }:

primops.optionTypes lib
// {
  # Code of Lua, made with `lib.generators.mkLuaInline`.
  luaInline = lib.types.mkOptionType {
    name = "luaInline";
    description = "inline Lua code";
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

  # A type's description inside another one's: in parentheses unless its class is one that reads well there.
  optionDescriptionPhrase = fits: type:
    if fits (type.descriptionClass or null) then type.description else "(${type.description})";
}
