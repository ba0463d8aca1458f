# A variant of a system has no variants of its own.
{ lib, ... }:

{
  config.specialisation = lib.mkOverride 0 { };
}
