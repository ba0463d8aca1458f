"""Every way in which an evaluation goes deep: a text for a depth, and what it gives."""

from __future__ import annotations

NESTED = "let nest = n: v: if n == 0 then v else nest (n - 1) [ v ]; in "
NESTED_SETS = "let nest = n: v: if n == 0 then v else nest (n - 1) { a = v; }; in "
LENGTH = "builtins.stringLength"

CASES: dict[str, tuple[str, str]] = {
    "functions": ("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f DEPTH", "DEPTH"),
    "mutual functions": (
        "let even = n: if n == 0 then true else !(odd (n - 1)); odd = n: if n == 0 then false else !(even (n - 1)); "
        "in builtins.isBool (even DEPTH)",
        "true",
    ),
    "functors": ("let f = { __functor = self: n: if n == 0 then 0 else 1 + self (n - 1); }; in f DEPTH", "DEPTH"),
    "patterns": ("let f = { n }: if n == 0 then 0 else 1 + f { n = n - 1; }; in f { n = DEPTH; }", "DEPTH"),
    "strings from strings": (
        f'let f = n: if n == 0 then "" else "${{f (n - 1)}}x"; in {LENGTH} (f DEPTH)',
        "DEPTH",
    ),
    "map and concatStringsSep": (
        'let f = n: if n == 0 then "x" else builtins.concatStringsSep "" (map f [ (n - 1) ]); in f DEPTH',
        '"x"',
    ),
    "map and head": ("let f = n: if n == 0 then 7 else builtins.head (map f [ (n - 1) ]); in f DEPTH", "7"),
    "filter": ("let f = n: n == 0 || builtins.filter f [ (n - 1) ] != [ ]; in f DEPTH", "true"),
    "foldl'": ("let f = n: if n == 0 then 0 else builtins.foldl' (a: b: a + f b) 1 [ (n - 1) ]; in f DEPTH", "DEPTH"),
    "sort": (
        "let f = n: if n == 0 then 0 else builtins.head (builtins.sort (a: b: f (n - 1) < 1) [ 0 0 ]); in f DEPTH",
        "0",
    ),
    "all and any": ("let f = n: n == 0 || builtins.any (m: builtins.all f [ m ]) [ (n - 1) ]; in f DEPTH", "true"),
    "attributes": ("let f = n: { v = if n == 0 then 0 else 1 + (f (n - 1)).v; }; in (f DEPTH).v", "DEPTH"),
    "mapAttrs": (
        "let f = _: n: if n == 0 then 5 else (builtins.mapAttrs f { a = n - 1; }).a; in f null DEPTH",
        "5",
    ),
    "with and let": (
        "let f = n: with { m = n - 1; }; let r = f m; in if n == 0 then 0 else r + 1; in f DEPTH",
        "DEPTH",
    ),
    "lazy sums": ("let f = n: s: if n == 0 then s else f (n - 1) (s + 1); in f DEPTH 0", "DEPTH"),
    "lazy updates": (
        "(builtins.foldl' (s: n: { v = s.v + 1; }) { v = 0; } (builtins.genList (n: n) DEPTH)).v",
        "DEPTH",
    ),
    "comparison of lists": (f"{NESTED}nest DEPTH 1 == nest DEPTH 1", "true"),
    "comparison of sets": (f"{NESTED_SETS}nest DEPTH 1 == nest DEPTH 1", "true"),
    "order of lists": (f"{NESTED}nest DEPTH 1 < nest DEPTH 2", "true"),
    "deepSeq": (f"{NESTED}builtins.deepSeq (nest DEPTH 1) 2", "2"),
    "toJSON": (f"{NESTED}{LENGTH} (builtins.toJSON (nest DEPTH 1)) > DEPTH", "true"),
    "toJSON of sets": (f"{NESTED_SETS}{LENGTH} (builtins.toJSON (nest DEPTH 1)) > DEPTH", "true"),
    "toXML": (f"{NESTED}{LENGTH} (builtins.toXML (nest DEPTH 1)) > DEPTH", "true"),
    "toString": (f"{NESTED}toString (nest DEPTH 1)", '"1"'),
    "outPath": ('let f = n: if n == 0 then "x" else { outPath = f (n - 1); }; in "${f DEPTH}"', '"x"'),
    "tryEval": ("let f = n: if n == 0 then 0 else 1 + (builtins.tryEval (f (n - 1))).value; in f DEPTH", "DEPTH"),
    "addErrorContext": (
        'let f = n: if n == 0 then 0 else builtins.addErrorContext "at" (1 + f (n - 1)); in f DEPTH',
        "DEPTH",
    ),
    "printing": (f"{NESTED}nest DEPTH 1", "[ " * 3 + "…"),
}


def text_of(name: str, depth: int) -> tuple[str, str]:
    """The expression of a case and its value."""
    text, value = CASES[name]
    return text.replace("DEPTH", str(depth)), value.replace("DEPTH", str(depth))
