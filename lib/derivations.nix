# Values that look like derivations.
{ lib, ... }:

{
  # A derivation known by name whose parts are made only when they are used.
  lazyDerivation = { derivation, meta ? null, passthru ? { }, outputs ? [ "out" ] }@arguments:
    let
      given = derivation.outputs or [ "out" ];
      show = lib.generators.toPretty { multiline = false; };
      checked =
        if derivation.type or null != "derivation" then throw "lazyDerivation: the input must be a derivation"
        else if given != outputs then
          throw "lazyDerivation: `${derivation.name or "<unknown>"}' has the outputs ${show given}, not ${show outputs}; say so with `outputs'"
        else derivation;
    in
    {
      type = "derivation";
      inherit (checked) outPath outputName drvPath name system;
      inherit outputs;
      meta = arguments.meta or checked.meta;
    }
    // lib.attrsets.genAttrs outputs (output: checked.${output})
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
