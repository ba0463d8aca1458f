"""Errors beyond their default rendering (tests/lang/errors): the trace in Nix's order, and errors as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osconf.errors import OsconfError
from osconf.lang.diagnose import render_error, steps_of
from osconf.lang.error_json import describe_error
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.world import PureWorld

TEXT = """\
let
  parse = s: if s == "" then throw "empty" else s;
  make = { port }: { listen = parse port; };
in
builtins.addErrorContext "while making all" (
  builtins.addErrorContext "while making one" (builtins.toJSON [ (make { port = ""; }) ])
)
"""


@pytest.fixture
def error(tmp_path: Path) -> OsconfError:
    (tmp_path / "x.nix").write_text(TEXT)
    evaluator = Evaluator(PureWorld())
    with pytest.raises(OsconfError) as caught:
        run_deep(lambda: evaluator.deep_force(evaluator.eval_file(tmp_path / "x.nix")))
    return caught.value


def test_steps_go_from_the_outside_to_the_error(error: OsconfError) -> None:
    doing = [step.doing for step in steps_of(error)]
    assert [text for text in doing if text != "while evaluating an expression"] == [
        "while evaluating the file",
        "while making all",
        "while making one",
        "while evaluating list element at index 0",
        "while evaluating attribute 'listen'",
        "in the function 'parse'",
    ]


def test_trace_ends_with_the_error(error: OsconfError) -> None:
    text = render_error(error, show_trace=True)
    assert text.startswith("trace, outermost first:")
    order = [text.index(part) for part in ("while making all", "while making one", "'listen'", "error: empty")]
    assert order == sorted(order)
    assert "throw" in text[text.index("error: empty") :]


def test_error_as_data(error: OsconfError) -> None:
    described = json.loads(json.dumps(describe_error(error)))
    assert described["code"] == "thrown"
    assert described["message"] == "empty"
    assert (described["position"]["line"], described["position"]["column"]) == (2, 30)
    assert described["trace"][1]["doing"] == "while making all"
    assert described["hint"] is None


def test_long_traces_are_cut_in_the_middle() -> None:
    evaluator = Evaluator(PureWorld())
    with pytest.raises(OsconfError) as caught:
        run_deep(lambda: evaluator.eval_text('let f = n: if n == 0 then throw "end" else 1 + f (n - 1); in f 5000'))
    text = render_error(caught.value, show_trace=True)
    assert text.count("\n") < 1500
    assert "4" in text.split(" more …")[0]
    assert render_error(caught.value).count("\n") < 12


def test_a_terminal_gets_lines_that_fit() -> None:
    many = " ".join(f"word{number}" for number in range(60))
    text = f'let a = 1; in {" " * 30}builtins.seq a (throw {" " * 30} "{many}"){" " * 60}'
    with pytest.raises(OsconfError) as caught:
        run_deep(lambda: Evaluator(PureWorld()).eval_text(text))
    caught.value.hint = many
    for width in (60, 80, 120):
        lines = render_error(caught.value, width=width).split("\n")
        assert max(map(len, lines)) <= width
        source = next(line for line in lines if "throw" in line)
        caret = lines[lines.index(source) + 1]
        assert source[caret.index("^") :].startswith("throw")
    whole = render_error(caught.value)
    assert f"error: {many}" in whole
    assert f"hint: {many}" in whole
