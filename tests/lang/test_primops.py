"""Every builtin against what Nix 2.26.3 is known to give."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from osconf.lang.diagnose import from_latin_safely
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.primops import catalogue  # noqa: F401 - registers the builtins
from osconf.lang.primops.reference import describe_builtin, render_reference
from osconf.lang.primops.registry import CONSTANTS, PRIMOPS
from osconf.lang.show import show_value
from osconf.lang.values import LazyAttrs

sys.path.insert(0, str(Path(__file__).parent))
from language import QuietWorld, evaluate, show, try_show
from primop_cases import ERRORS, EXPECTED, FILES, VALUES, all_cases, edge_cases, wrap

KNOWN = json.loads(EXPECTED.read_text())


@pytest.mark.parametrize("theme", VALUES)
def test_values(theme: str) -> None:
    wrong = {}
    for expression in VALUES[theme]:
        kind, text = try_show(wrap(expression))
        if {kind: text.replace(str(FILES), "FILES")} != KNOWN[expression]:
            wrong[expression] = (text, KNOWN[expression])
    assert not wrong


@pytest.mark.parametrize("theme", ERRORS)
def test_errors(theme: str) -> None:
    given = {expression: try_show(wrap(expression)) for expression in ERRORS[theme]}
    assert not {expression: text for expression, (kind, text) in given.items() if kind == "value"}


# Where osconf says more than Nix, or names what Nix shows as a hash or as a place in its own sources.
WORDED_OTHERWISE = re.compile(
    r"syntax error, |assertion '[^']*(?:!=|&&|in a) [^']*' failed|while parsing TOML: |invalid JSON: "
    r"|JSON serialization error: "
    r"|.* is not allowed to refer to a store path"
    r"|experimental Nix feature '[a-z-]+' is disabled$|.*should have type '.*', but it is of type"
    r"|files created by builtins.toFile may not|name '.*' (?:contains illegal|must be no longer)|name must not be empty"
    r"|derivation cannot have an empty set of outputs|reading directory '|invalid derivation name: name '[^a-z ]"
    r"|'builtins.fetchMercurial' |input type 'x' |expected a set but found an integer: 1$|'url' argument required"
    r"|context key '|invalid regular expression 'x\{100001\}'"
)


def _without_columns(text: str) -> str:
    """Without what depends on how long the path of the files is, and on how many texts there were before."""
    return re.sub("«string[ 0-9]*»:1:[0-9]+", "«string»", text)


def test_errors_have_the_words_of_nix() -> None:
    wrong = {}
    for _, expression in all_cases():
        known = KNOWN[expression].get("error")
        if known is None:
            continue
        said = from_latin_safely(try_show(wrap(expression), str(FILES))[1]).replace(str(FILES), "FILES")
        first, *more = _without_columns(said).split("\n")
        words = {first, *(re.sub("^in [^:]*: ", "", line) for line in more)}
        if _without_columns(known) not in words and not WORDED_OTHERWISE.match(first):
            wrong[expression] = (first, known)
    assert not wrong


def test_edges() -> None:
    wrong = {}
    for expression in edge_cases():
        kind, text = try_show(wrap(expression), str(FILES))
        text = text.replace(str(FILES), "FILES")
        known = KNOWN[expression]
        if kind not in known or (kind == "value" and text != known["value"]):
            wrong[expression] = (text, known)
    assert not wrong


def test_every_builtin_is_in_the_table() -> None:
    table = " ".join(text for cases in (VALUES, ERRORS) for texts in cases.values() for text in texts)
    fetching = {"fetchurl", "fetchTarball", "fetchGit", "fetchMercurial", "fetchTree"}
    ambient = {"currentSystem", "nixVersion", "nixPath"}
    assert not {name for name in (*PRIMOPS, *CONSTANTS) if name not in table} - fetching - ambient


# Examples that need the network, a package, or depend on the machine.
UNSTABLE = {"getEnv", "readFile", "fetchurl", "fetchTree", "findFile", "pathExists", "addDrvOutputDependencies"}


@pytest.mark.parametrize("name", PRIMOPS)
def test_documented_examples_are_true(name: str) -> None:
    described = describe_builtin(name)
    assert described.example
    assert described.result
    if "…" not in described.example + described.result and "./" not in described.example and name not in UNSTABLE:
        if described.result.startswith("error"):
            assert try_show(described.example)[0] == "error"
        else:
            assert show(described.example) == show(described.result)


def test_reference_lists_every_builtin() -> None:
    page = render_reference()
    assert all(f"\n## {name}" in page for name in PRIMOPS)
    assert all(f"| `{name}` |" in page for name in CONSTANTS)


def test_trace_and_warn_say_what_they_are_told() -> None:
    text = 'builtins.trace [ 1 { a = "x"; } (1 + 1) ] (builtins.warn "w" (builtins.trace "t" 1))'
    world = evaluate(text, lambda evaluator, _value: evaluator.world)
    assert isinstance(world, QuietWorld)
    assert world.said[1:] == ["warning: w", "trace: t"]
    assert world.said[0].startswith("trace: [ 1 ")


RECURSIVE = {
    "sort": ("builtins.sort (a: b: f (n - 1) == [ ]) [ n 1 ]", "[ ]"),
    "filter": ("builtins.filter (x: f (n - 1) == [ ]) [ 1 ]", "[ ]"),
    "any": ("builtins.any (x: f (n - 1)) [ 1 ]", "true"),
    "elem": ("builtins.elem true [ (f (n - 1)) ]", "true"),
    "map": ("builtins.head (map f [ (n - 1) ])", "1"),
    "foldl'": ("builtins.foldl' (a: b: f (n - 1)) 0 [ 1 ]", "1"),
    "concatMap": ("builtins.concatMap (x: f (n - 1)) [ 1 ]", "[ ]"),
    "groupBy": ('builtins.groupBy (x: if f (n - 1) == 1 then "a" else "b") [ 1 ]', "{ }"),
    "listToAttrs": ('builtins.listToAttrs [ { name = "a"; value = f (n - 1); } ]', "{ }"),
    "mapAttrs": ("builtins.mapAttrs (k: v: v) { a = f (n - 1); }", "{ }"),
    "genericClosure": (
        "(builtins.head (builtins.genericClosure { startSet = [ { key = f (n - 1); } ]; operator = x: [ ]; })).key",
        "1",
    ),
    "concatStringsSep": ('builtins.concatStringsSep "" [ (f (n - 1)) ]', '"x"'),
    "replaceStrings": ('builtins.replaceStrings [ "x" "yy" ] [ (f (n - 1)) "a" ] "x"', '"x"'),
    "toJSON": ("builtins.stringLength (builtins.toJSON { a = f (n - 1); })", "1"),
    "tryEval": ("(builtins.tryEval (f (n - 1))).value", "1"),
    "addErrorContext": ('builtins.addErrorContext "x" (f (n - 1))', "1"),
    "seq": ("builtins.seq (f (n - 1)) 1", "1"),
}


@pytest.mark.parametrize("name", RECURSIVE)
def test_evaluation_may_recurse_deeply_through_builtins(name: str) -> None:
    step, base = RECURSIVE[name]
    assert show(f"let f = n: if n == 0 then {base} else {step}; in builtins.deepSeq (f 5000) true") == "true"


def test_long_and_deep_data() -> None:
    assert show("builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 100000)") == "4999950000"
    nested = "builtins.foldl' (a: b: [ a ]) 1 (builtins.genList (x: x) 5000)"
    assert show(f"builtins.stringLength (builtins.toJSON ({nested}))") == "10001"
    assert show(f"builtins.fromJSON (builtins.toJSON ({nested})) == {nested}") == "true"
    letters = 'builtins.concatStringsSep "" (builtins.genList (x: "a") 1000)'
    assert show(f'builtins.length (builtins.split "(a|b)*x" ({letters}))') == "1"


def lazy_set() -> LazyAttrs:
    def lookup(name: str) -> object:
        return {"a": 1, "b": "two"}[name]

    return LazyAttrs(lambda: ["b", "a"], lookup)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("builtins.attrNames lazy", '[ "a" "b" ]'),
        ("builtins.attrValues lazy", '[ 1 "two" ]'),
        (
            "[ (lazy ? a) (lazy ? c) lazy.b (builtins.isAttrs lazy) (builtins.typeOf lazy) ]",
            '[ true false "two" true "set" ]',
        ),
        ("builtins.mapAttrs (n: v: n) lazy", '{ a = "a"; b = "b"; }'),
        ("(builtins.mapAttrs (n: v: n) lazy).a", '"a"'),
        ('removeAttrs lazy [ "a" ]', '{ b = "two"; }'),
        ("builtins.intersectAttrs { a = null; } lazy", "{ a = 1; }"),
        ("builtins.intersectAttrs lazy { a = null; c = 1; }", "{ a = null; }"),
        ('builtins.catAttrs "a" [ lazy { } ]', "[ 1 ]"),
        ("builtins.zipAttrsWith (n: vs: vs) [ lazy { a = 3; } ]", '{ a = [ 1 3 ]; b = [ "two" ]; }'),
        ("builtins.toJSON lazy", '"{\\"a\\":1,\\"b\\":\\"two\\"}"'),
        ('lazy == { a = 1; b = "two"; }', "true"),
        ("(lazy // { c = 1; }).c", "1"),
        ("with lazy; [ a b ]", '[ 1 "two" ]'),
    ],
)
def test_lazy_sets_behave_as_sets(expression: str, shown: str) -> None:
    evaluator = Evaluator(QuietWorld())
    value = run_deep(lambda: evaluator.deep_force(evaluator.eval_text(expression, scope={"lazy": lazy_set()})))
    assert show_value(value) == shown
