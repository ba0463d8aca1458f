# The directory of all units of one manager, from their files and the environment's own units.
{ lib, pkgs }:

{
  name,
  # "system" or "user"
  kind,
  environment,
  units,
  enabledUnits,
  defaultUnit ? "",
}:

let
  describe = unitName: unit: {
    name = unitName;
    inherit (unit)
      enable
      overrideStrategy
      usr
      wantedBy
      requiredBy
      upheldBy
      aliases
      ;
    file = if unit.unit == null then null else "${unit.unit}";
  };
in
derivation {
  inherit name kind;
  inherit (pkgs) system;
  builder = "builtin:system-units";
  builderVersion = pkgs.builderVersions.system-units;
  environment = "${environment}";
  units = builtins.toJSON (lib.mapAttrsToList describe units);
  enabled = builtins.toJSON enabledUnits;
  defaultTarget = defaultUnit;
}
