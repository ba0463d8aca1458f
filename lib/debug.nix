# Looking at values while they are evaluated.
{ lib, ... }:

let
  inherit (builtins) trace deepSeq;
in
rec {
  traceIf = predicate: message: x: if predicate then trace message x else x;
  traceValFn = f: x: trace (f x) x;
  traceVal = traceValFn lib.trivial.id;
  traceSeq = x: y: trace (deepSeq x x) y;
  traceSeqN = depth: x: y:
    let
      # Lists and sets that are too deep are shown as `[…]` and `{…}`.
      cut = text: value: { __pretty = _: text; val = value; };
      limit = n: value:
        if builtins.isList value then (if n == 0 then cut "[…]" value else map (limit (n - 1)) value)
        else if builtins.isAttrs value then (if n == 0 then cut "{…}" value else builtins.mapAttrs (_: limit (n - 1)) value)
        else value;
    in
    trace (lib.generators.toPretty { allowPrettyValues = true; } (limit depth x)) y;
  traceValSeqFn = f: v: traceValFn f (deepSeq v v);
  traceValSeq = traceValSeqFn lib.trivial.id;
  traceValSeqNFn = f: depth: v: traceSeqN depth (f v) v;
  traceValSeqN = traceValSeqNFn lib.trivial.id;
  traceFnSeqN = depth: name: f: v:
    let
      result = f v;
    in
    traceSeqN (depth + 1) { fn = name; from = v; to = result; } result;

  # Failed tests of a set `{ name = { expr; expected; }; }`; names outside `tests` (if given) are skipped.
  runTests = tests:
    let
      only = tests.tests or [ ];
      wanted = name: if only == [ ] then lib.strings.hasPrefix "test" name else builtins.elem name only;
      check = name: test:
        if test.expr == test.expected then [ ] else [ { inherit name; inherit (test) expected; result = test.expr; } ];
      chosen = builtins.filter wanted (builtins.attrNames (builtins.removeAttrs tests [ "tests" ]));
    in
    builtins.concatMap (name: check name tests.${name}) chosen;

  throwTestFailures = { failures, description ? "tests", ... }:
    if failures == [ ] then null
    else throw "${toString (builtins.length failures)} ${description} failed:\n${lib.strings.concatMapStringsSep "\n" (x: lib.generators.toPretty { } x) failures}";

  testAllTrue = expr: { inherit expr; expected = map (_: true) expr; };
}
