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
  traceSeqN = depth: x: y: trace (lib.generators.toPretty { } (lib.generators.withRecursion { depthLimit = depth; throwOnDepthLimit = false; } x)) y;
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
  runTests = tests: lib.lists.concatLists (lib.attrsets.mapAttrsToList
    (name: test:
      let
        wanted = if tests ? tests then builtins.elem name tests.tests else lib.strings.hasPrefix "test" name;
      in
      if wanted && test.expr != test.expected then [ { inherit name; inherit (test) expected; result = test.expr; } ] else [ ])
    (builtins.removeAttrs tests [ "tests" ]));

  throwTestFailures = { failures, description ? "tests", ... }:
    if failures == [ ] then null
    else throw "${toString (builtins.length failures)} ${description} failed:\n${lib.strings.concatMapStringsSep "\n" (x: lib.generators.toPretty { } x) failures}";

  testAllTrue = expr: { inherit expr; expected = map (_: true) expr; };
}
