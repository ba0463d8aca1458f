# A variant of a system has no variants of its own.
{ lib, extendModules, ... }:

{
  config = {
    specialisation = lib.mkOverride 0 { };
    # Leads from the variant's values to its evaluation: what is told of a system's definitions is told of a variant's.
    system.build.extendModules = extendModules;
  };
}
