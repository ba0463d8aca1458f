# Functions that modules offer to each other, as `config.lib`.
{ lib, ... }:

{
  options.lib = lib.mkOption {
    type = lib.types.attrsOf lib.types.attrs;
    default = { };
    description = "Functions that modules offer to each other, by subject.";
  };
}
