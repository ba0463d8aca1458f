# Values that look like derivations.
{ lib, ... }:

{
  # A derivation known by name whose parts are made only when they are used.
  lazyDerivation = { derivation, meta ? null, passthru ? { }, outputs ? [ "out" ] }:
    let
      checked =
        if derivation.type or null == "derivation" then derivation
        else throw "lazyDerivation: the input must be a derivation";
    in
    {
      type = "derivation";
      inherit (checked) outPath outputName drvPath name system;
      inherit outputs;
    }
    // lib.attrsets.genAttrs outputs (output: checked.${output})
    // lib.attrsets.optionalAttrs (meta != null) { inherit meta; }
    // lib.attrsets.optionalAttrs (meta == null) { meta = checked.meta; }
    // passthru;

  # The derivation, or null.
  optionalDrvAttr = condition: value: if condition then value else null;

  # A warning on every use of the derivation.
  warnOnInstantiate = message: drv:
    let
      drvToWrap = builtins.removeAttrs drv [ "meta" "name" "type" ];
    in
    drv // builtins.mapAttrs (_: lib.trivial.warn message) drvToWrap;
}
