"""The REPL's logic: bindings, commands, completion, texts over several lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from osconf.errors import EvalError, OsconfError, Position
from osconf.lang.evaluator import Evaluator
from osconf.lang.repl import Repl

sys.path.insert(0, str(Path(__file__).parent))
from language import QuietWorld


class Actions:
    """Remembers what was asked for."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.edited: list[Position] = []

    def build(self, drv_path: str) -> Mapping[str, str]:
        self.built.append(drv_path)
        return {"out": "/nix/store/result"}

    def edit(self, position: Position) -> None:
        self.edited.append(position)


@pytest.fixture
def repl(tmp_path: Path) -> Repl:
    return Repl(Evaluator(QuietWorld()), Actions(), str(tmp_path))


def say(repl: Repl, *lines: str) -> str:
    return [repl.execute(line).text for line in lines][-1]


def test_values_are_shown_one_level_deep(repl: Repl) -> None:
    assert say(repl, "{ a = { b = 1; }; c = 2; }") == "{\n  a = { ... };\n  c = 2;\n}"
    assert say(repl, ":p { a = { b = 1; }; }") == "{\n  a = { b = 1; };\n}"
    assert say(repl, ':p "a\\nb"') == "a\nb"
    assert say(repl, '{ a = throw "no"; }') == "{\n  a = «error: no»;\n}"


def test_bindings_see_what_was_before(repl: Repl) -> None:
    assert say(repl, "x = 1", "x = x + 1; y = x", "[ x y ]") == "[\n  2\n  1\n]"
    assert say(repl, "inherit (builtins) add", "add x 3") == "5"
    assert say(repl, "a.b = 1", "a.b == 1") == "true"


@pytest.mark.parametrize(
    "text", ["let", "{ a = ", "[ 1", '"abc', "''abc", "1 +", "x: ", ":p {", "y = [", "if true then"]
)
def test_unfinished_texts_ask_for_more(repl: Repl, text: str) -> None:
    assert not repl.is_complete(text)


@pytest.mark.parametrize("text", ["", "1", "x = 1", ":q", ":l ./x", ":p 1", ")", "1 + )", "undefined", "a = 1; b = 2;"])
def test_finished_and_hopeless_texts_do_not(repl: Repl, text: str) -> None:
    assert repl.is_complete(text)


def test_loading_and_reloading(repl: Repl, tmp_path: Path) -> None:
    file = tmp_path / "lib.nix"
    file.write_text("{ n ? 1 }: { inherit n; f = x: x + n; }")
    assert say(repl, ":l lib.nix") == "added 2 variables"
    assert say(repl, "f 1") == "2"
    file.write_text("{ f = x: x + 10; }")
    assert say(repl, ":r", "f 1") == "11"
    with pytest.raises(OsconfError):
        say(repl, "n")


def test_commands(repl: Repl) -> None:
    assert say(repl, ":t [ ]") == "a list"
    assert say(repl, ":a { k = 1; }", "k") == "1"
    assert "builtins.head" in say(repl, ":doc builtins.head")
    assert ":quit" in say(repl, ":?")
    assert repl.execute(":q").is_over
    drv = 'derivation { name = "n"; system = "s"; builder = "/b"; }'
    assert say(repl, f":b {drv}") == "out -> /nix/store/result"
    assert repl.actions.built[0].endswith("-n.drv")
    for wrong in (":nope", ":t", ":b 1", ":doc 1", ":a 1", ":e 1"):
        with pytest.raises(EvalError):
            say(repl, wrong)


def test_documentation_comes_from_the_comment_above(repl: Repl, tmp_path: Path) -> None:
    (tmp_path / "f.nix").write_text("{\n  /**\n    Adds one.\n  */\n  inc = n: n + 1;\n}\n")
    text = say(repl, ":l f.nix", ":doc inc")
    assert text.startswith("function inc at ")
    assert text.endswith("Adds one.")
    assert say(repl, ":e inc") == "added 1 variables"
    assert repl.actions.edited[0].line == 5


def test_completion(repl: Repl, tmp_path: Path) -> None:
    say(repl, 'pkgs = { hello = { version = "1"; }; help = 1; "a b" = 2; }')
    assert repl.complete("1 + pkgs.he") == ["pkgs.hello", "pkgs.help"]
    assert repl.complete("pkgs.hello.v") == ["pkgs.hello.version"]
    assert repl.complete("[ pkg") == ["pkgs"]
    assert "builtins.map" in repl.complete("builtins.ma")
    assert repl.complete("pkgs.nothing.x") == []
    assert repl.complete(":lo") == [":load"]
    (tmp_path / "file.nix").touch()
    assert repl.complete("import ./fi") == ["./file.nix"]
