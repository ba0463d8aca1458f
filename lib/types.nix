# Option types. They live in the engine (`osconf/module_system/types`); own ones are made with `mkOptionType`.
{ lib, primops, ... }:

primops.optionTypes lib
