"""What compiled code must do beyond giving the right value: positions, laziness, depth, big texts, lazy sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osconf.errors import EvalError
from osconf.lang import runtime
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.show import show_value
from osconf.lang.values import LazyAttrs
from osconf.lang.world import PureWorld


def evaluate(text: str, then: Callable[[Any], Any] = show_value, scope: dict[str, Any] | None = None) -> Any:
    evaluator = Evaluator(PureWorld())
    return run_deep(lambda: then(evaluator.deep_force(evaluator.eval_text(text, scope=scope))))


def test_every_attribute_of_a_literal_knows_its_place(tmp_path: Path) -> None:
    (tmp_path / "set.nix").write_text(
        """x: let v = 1; w = v + 1; s = { e = 5; }; in {
  constant = 1;
  string = "s";
  function = y: y;
  thunk = v + x;
  inherit v w
    x;
  inherit (s) e;
  builtin = builtins.map;
  inherit (builtins) head;
  list = [ 1 ];
  nested.deep = 1;
  ${"dyna" + "mic"} = 1;
  "quoted" = null;
  variable = w;
  path = ./x;
}
"""
    )
    evaluator = Evaluator(PureWorld())
    attrs = run_deep(lambda: evaluator.deep_force(evaluator.call(evaluator.eval_file(tmp_path / "set.nix"), 1)))
    lines = {name: runtime.attr_position(attrs, name) for name in attrs}
    assert {name: place.line for name, place in lines.items() if place} == {
        **{"constant": 2, "string": 3, "function": 4, "thunk": 5, "v": 6, "w": 6, "x": 7, "e": 8, "builtin": 9},
        **{"head": 10, "list": 11, "nested": 12, "dynamic": 13, "quoted": 14, "variable": 15, "path": 16},
    }
    place = lines["e"]
    assert place is not None and place.column == 15
    recursive = run_deep(lambda: evaluator.eval_text("rec { a = 1; f = x: x; b = a; inherit (builtins) map; }"))
    assert all(runtime.attr_position(recursive, name) for name in recursive)
    merged = run_deep(lambda: evaluator.eval_text("{ a = 1; } //\n{ b = 2; }"))
    found = runtime.attr_position(merged, "b")
    assert found is not None and found.line == 2


def test_functions_know_how_they_were_written() -> None:
    evaluator = Evaluator(PureWorld())
    value = run_deep(
        lambda: evaluator.deep_force(evaluator.eval_text("{ f = { a, b ? 1, ... }@c: a;\n g = x: y: x; }"))
    )
    f, g = runtime.force(value["f"]), runtime.force(value["g"])
    assert runtime.function_args(f) == {"a": False, "b": True}
    assert runtime.function_args(g) is None
    pattern = runtime.function_pattern(f)
    assert pattern is not None and (pattern.is_open, pattern.parameter, pattern.name) == (True, "c", "f")
    place = runtime.function_position(g)
    assert place is not None and (place.line, place.column) == (2, 6)


BIG = {
    "parentheses": ("(" * 300 + "1" + ")" * 300, "1"),
    "and": (" && ".join(["(x: x) true"] * 300), "true"),
    "implication": (" -> ".join(["true"] * 200), "true"),
    "plus": (" + ".join(["1"] * 1000), "1000"),
    "concatenation": ("builtins.length (" + " ++ ".join(["[1]"] * 1000) + ")", "1000"),
    "update": (" // ".join(["{a=1;}"] * 1000), "{ a = 1; }"),
    "if": ("".join(f"if 1 == {i + 2} then {i} else " for i in range(500)) + "7", "7"),
    "if as operand": ("1 + (" + "".join(f"if 1 == {i + 2} then {i} else " for i in range(300)) + "7)", "8"),
    "lists": ("builtins.length (" + "[" * 200 + "]" * 200 + ")", "1"),
    "recursive sets": ("(" + "rec {a=" * 200 + "1" + ";}" * 200 + ")" + ".a" * 200, "1"),
    "let": ("".join(f"let x{i} = {f'x{i - 1}' if i else '1'}; in " for i in range(200)) + "x199", "1"),
    "functions": (
        "(" + "".join(f"x{i}: let y{i} = x{i}; in " for i in range(120)) + "y0 + y119)" + " 1" * 120,
        "2",
    ),
    "calls": ("let f = x: x + 1; in " + "f (" * 200 + "1" + ")" * 200, "201"),
    "with": ("with {a=1;}; " * 100 + "a", "1"),
    "assert": ("assert true; " * 300 + "1", "1"),
    "string": ('let a = "q"; in builtins.stringLength "' + "${a}b" * 500 + '"', "1000"),
    "nested strings": ('"${' * 100 + '"x"' + '}"' * 100, '"x"'),
    "or": ("{}.a or (" * 100 + "1" + ")" * 100, "1"),
    "not": ("!" * 201 + "true", "false"),
    "patterns": (
        "({ " + ", ".join(f"a{i} ? {f'a{i + 1}' if i < 299 else '5'}" for i in range(300)) + " }: a0) {}",
        "5",
    ),
    "mutual let": ("let " + " ".join(f"a{i} = 1 + a{i + 1};" for i in range(500)) + " a500 = 1; in a0", "501"),
}


@pytest.mark.parametrize("name", BIG)
def test_deep_nesting_meets_no_limit_of_python(name: str) -> None:
    text, expected = BIG[name]
    assert evaluate(text) == expected


def test_deep_recursion() -> None:
    assert evaluate("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 100000") == "100000"
    with pytest.raises(EvalError, match="stack overflow"):
        evaluate("let f = n: 1 + f (n + 1); in f 0")


def test_a_failed_thunk_can_be_forced_again() -> None:
    text = "let t = if builtins.pathExists /nowhere then 1 else throw ''no''; in map builtins.tryEval [ t t ]"
    assert evaluate(text, len) == 2


def test_arguments_are_forced_in_the_order_of_the_body() -> None:
    for text, message in (
        ("let f = a: b: b + a; in f (throw ''one'') (throw ''two'')", "two"),
        ("let f = a: b: a + b; in f (throw ''one'') (throw ''two'')", "one"),
        ("let a = throw ''one''; b = throw ''two''; in b + a", "two"),
        ("let f = a: b: if a == 1 then 1 else b; in f 1 (throw ''never'')", None),
    ):
        if message is None:
            assert evaluate(text) == "1"
        else:
            with pytest.raises(EvalError, match=message):
                evaluate(text)


def test_lazy_sets_stay_lazy() -> None:
    asked: list[str] = []

    def lookup(name: str) -> Any:
        asked.append(name)
        if name not in {"a", "b"}:
            raise KeyError(name)
        return runtime.make_thunk(lambda: f"value of {name}")

    def make() -> LazyAttrs:
        return LazyAttrs(lambda: ["a", "b"], lookup)

    expected = {
        "p.a": '"value of a"',
        "p.c or 1": "1",
        "p ? a && !(p ? c)": "true",
        "with p; a": '"value of a"',
        "with { c = 1; }; with p; [ a c ]": '[ "value of a" 1 ]',
        "(p // { a = 2; }).a": "2",
        "({ a = 2; } // p).a": '"value of a"',
        "({ c = 2; } // p).c": "2",
        "builtins.attrNames (p // { z = 1; })": '[ "a" "b" "z" ]',
        "({ a, ... }: a) p": '"value of a"',
        "({ a, b }: b) p": '"value of b"',
        "({ c ? 3, ... }: c) p": "3",
        "p.${''a''}": '"value of a"',
        "p == p": "true",
        "builtins.isAttrs p && p != { }": "true",
        "let inherit (p) a; in a": '"value of a"',
    }
    for text, result in expected.items():
        assert evaluate(text, scope={"p": make()}) == result, text
    asked.clear()
    evaluate("(p // { c = 1; }).a", scope={"p": make()})
    assert asked == ["a"]
    with pytest.raises(EvalError, match="attribute 'c' missing"):
        evaluate("p.c", scope={"p": make()})


def test_overriding_inside_a_recursive_set() -> None:
    assert evaluate("let x = rec { a = 1; b = a; __overrides = { a = 2; c = 3; }; }; in [ x.a x.b x.c ]") == "[ 2 2 3 ]"


def test_true_is_not_one() -> None:
    assert evaluate(
        "[ (true == 1) (1 == true) (false == 0) (0 != false) ([ true ] == [ 1 ]) ({ a = 1; } == { a = true; }) ]"
    ) == ("[ false false false true false false ]")
