{ lib }:
rec {
  fix = f: let x = f x; in x;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  composeExtensions = f: g: final: prev:
    let
      fApplied = f final prev;
      prev' = prev // fApplied;
    in fApplied // g final prev';
  composeManyExtensions = builtins.foldl' (x: y: composeExtensions x y) (final: prev: { });
  makeExtensible = rattrs:
    fix (self: rattrs self // { extend = f: makeExtensible (extends f rattrs); });
}
