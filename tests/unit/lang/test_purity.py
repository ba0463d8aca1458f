"""A pure evaluation sees what is the same everywhere: what Nix refuses is refused, what Nix allows works."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.errors import EvalError
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep
from osconf.lang.show import show_value
from osconf.lang.world import PureWorld

SETTINGS = EvalSettings(pure=True)


class Machine(PureWorld):
    """A world with a variable, whose store is a folder of the test."""

    def env(self, name: str) -> str:
        return "leaked"


def evaluate(text: str, store: Path | str = "/nix/store") -> str:
    evaluator = Evaluator(Machine(str(store)), settings=SETTINGS)
    return run_deep(lambda: show_value(evaluator.deep_force(evaluator.eval_text(text))))


@pytest.mark.parametrize(
    "text",
    [
        "builtins.readFile /etc/passwd",
        'builtins.readFile "/etc/passwd"',
        "builtins.readFile /nix/store/../../etc/passwd",
        "builtins.readDir /etc",
        "builtins.readFileType /etc/passwd",
        'builtins.hashFile "md5" /etc/passwd',
        "import /etc/passwd",
        "scopedImport { } /etc/passwd",
        '"${/etc/passwd}"',
        "builtins.toJSON /etc/passwd",
        "builtins.path { path = /etc/passwd; }",
        "builtins.filterSource (_: _: true) /etc",
        "~/x",
        "<nixpkgs>",
        'builtins.fetchurl "http://example.invalid/"',
        'builtins.fetchTarball "http://example.invalid/"',
        'builtins.fetchGit "/tmp"',
        'builtins.storePath "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-x"',
        "builtins.currentSystem",
        "builtins.currentTime",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(EvalError) as caught:
        evaluate(text)
    assert caught.value.code in {"impure", "not-in-search-path", "missing-attribute"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('builtins.getEnv "HOME"', '""'),
        ("builtins ? currentSystem || builtins ? currentTime", "false"),
        ("builtins.pathExists /etc/passwd", "false"),
        ("toString /etc/passwd", '"/etc/passwd"'),
        ("baseNameOf /etc/passwd", '"passwd"'),
        ("builtins.nixPath", "[ ]"),
        ('builtins.isString (derivation { name = "n"; system = "s"; builder = "b"; }).outPath', "true"),
    ],
)
def test_allowed(text: str, value: str) -> None:
    assert evaluate(text) == value


def test_the_store_is_read_but_no_link_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    store = tmp_path / "store"
    (store / "a").mkdir(parents=True)
    (store / "a" / "text").write_text("text")
    (store / "a" / "link").symlink_to(tmp_path / "secret")
    (store / "a" / "folder").symlink_to(tmp_path)
    assert evaluate(f"builtins.readFile {store}/a/text", store) == '"text"'
    for text in (f"builtins.readFile {store}/a/link", f"builtins.readDir {store}/a/folder", f"import {store}/a/link"):
        with pytest.raises(EvalError) as caught:
            evaluate(text, store)
        assert caught.value.code == "impure"
