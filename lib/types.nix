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
}
