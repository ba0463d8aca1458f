"""The evaluator's own work: imports, search paths, attribute paths, arguments, pure evaluation."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osconf.errors import EvalError
from osconf.lang import runtime
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep, split_attr_path
from osconf.lang.primops.registry import make_primop
from osconf.lang.world import PureWorld


def run(then: Callable[[Evaluator], Any], **options: Any) -> Any:
    evaluator = Evaluator(PureWorld(), **options)
    return run_deep(lambda: then(evaluator))


def test_a_file_is_evaluated_once(tmp_path: Path) -> None:
    (tmp_path / "value.nix").write_text("{ f = x: x; }")
    (tmp_path / "link.nix").symlink_to("value.nix")
    (tmp_path / "default.nix").write_text("[ (import ./value.nix) (import ./link.nix) ]")
    first, second = run(lambda evaluator: evaluator.deep_force(evaluator.eval_file(tmp_path)))
    assert runtime.force(first) is runtime.force(second)


def test_a_file_that_imports_itself(tmp_path: Path) -> None:
    (tmp_path / "loop.nix").write_text("import ./loop.nix")
    with pytest.raises(EvalError) as caught:
        run(lambda evaluator: evaluator.eval_file(tmp_path / "loop.nix"))
    assert caught.value.code == "infinite-recursion"


def test_the_search_path(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "x.nix").write_text("1")
    search = (("mine", str(tmp_path / "lib")), ("", str(tmp_path)))
    for text in ("import <mine/x.nix>", "import <lib/x.nix>"):
        assert run(lambda evaluator, text=text: evaluator.eval_text(text), search_path=search) == 1
    assert run(lambda evaluator: evaluator.eval_text("builtins.pathExists <osconf/lang>")) is False
    assert run(lambda evaluator: evaluator.eval_text("builtins.pathExists <osconf/osconf>")) is True


def test_hidden_primops() -> None:
    twice = make_primop("twice", "!", lambda number: number * 2)
    for internal in ({"twice": twice}, lambda: {"twice": twice}):
        text = "(import <osconf/primops>).twice 21"
        assert run(lambda evaluator, text=text: evaluator.eval_text(text), internal=internal) == 42


@pytest.mark.parametrize(
    ("path", "names"),
    [("", []), ("a", ["a"]), ("a.b", ["a", "b"]), ('a."b.c".d', ["a", "b.c", "d"]), ("x.0", ["x", "0"]), ("a.", ["a"])],
)
def test_attribute_paths(path: str, names: list[str]) -> None:
    assert split_attr_path(path) == names


def test_select_and_arguments() -> None:
    def work(evaluator: Evaluator) -> None:
        value = evaluator.eval_text("{ a ? 1, b }: { list = [ { c = a + b; } ]; f = { b }: b; }")
        assert evaluator.select(value, "list.0.c", {"b": 2}) == 3
        # What is selected is not called, what is on the way is.
        assert evaluator.auto_call(evaluator.select(value, "f", {"b": 7}), {"b": 7}) == 7
        assert evaluator.select(evaluator.eval_text("{ g = { ... }@all: all; }"), "g.x", {"x": 5}) == 5
        with pytest.raises(EvalError, match="argument without a value"):
            evaluator.select(value, "list", {})
        with pytest.raises(EvalError, match="out of range"):
            evaluator.select(value, "list.1", {"b": 2})
        with pytest.raises(EvalError, match="should be a list but is a set"):
            evaluator.select(value, "0", {"b": 2})
        with pytest.raises(EvalError, match="empty attribute name"):
            evaluator.select(value, "list.0..a", {"b": 2})

    run(work)


def test_a_scope_adds_variables() -> None:
    assert run(lambda evaluator: evaluator.eval_text("x + (let x = 1; in x)", scope={"x": 41})) == 42
    with pytest.raises(EvalError, match="undefined variable 'y'"):
        run(lambda evaluator: evaluator.eval_text("y", scope={"x": 1}))


def test_pure_evaluation(tmp_path: Path) -> None:
    (tmp_path / "x.nix").write_text("1")
    pure = EvalSettings(pure=True)
    assert (
        run(lambda evaluator: evaluator.eval_text("builtins ? currentSystem || builtins ? currentTime"), settings=pure)
        is False
    )
    with pytest.raises(EvalError) as caught:
        run(lambda evaluator: evaluator.eval_text(f"import {tmp_path}/x.nix"), settings=pure)
    assert caught.value.code == "impure"


def test_errors_leave_with_their_place() -> None:
    with pytest.raises(EvalError) as caught:
        run(lambda evaluator: evaluator.eval_text("\n  1 + { }"))
    place = caught.value.position
    assert place is not None and (place.line, place.column) == (2, 5)


def test_control_c_stops_an_evaluation_that_can_go_on_later() -> None:
    evaluator = Evaluator(PureWorld())
    endless = run_deep(lambda: evaluator.eval_text(ENDLESS))
    for _ in range(2):
        press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        press.start()
        with pytest.raises(KeyboardInterrupt):
            run_deep(lambda: evaluator.deep_force(endless))
        press.join()
    assert run_deep(lambda: evaluator.eval_text("1 + 1")) == 2


ENDLESS = """{
  a = builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; };
}"""
