"""Every function of the library is documented with its type and examples, and the examples are true."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.errors import OsconfError
from osconf.lang.evaluator import run_deep
from osconf.lang.runtime import force
from osconf.module_system.library import FOLDER, PARTS, list_members, read_entries

sys.path.insert(0, str(Path(__file__).parent))
from module_language import evaluate, make_evaluator

# Their examples need the module engine, which only osconf has.
ENGINE = ("options", "types", "modules", "systems")


@pytest.mark.parametrize("part", PARTS)
def test_every_member_is_documented(part: str) -> None:
    def work() -> dict[str, str]:
        return dict(list_members(make_evaluator().eval_text("import <osconf/lib>"), part))

    members, entries = run_deep(work), read_entries(part)
    assert sorted(entries) == sorted(members), "lib/reference has exactly the names of the library"
    assert [name for name, entry in entries.items() if not entry.examples] == [], "every entry has an example"
    assert [name for name, entry in entries.items() if not (entry.summary or members[name])] == [], "and a summary"


def test_every_name_of_lib_itself_is_documented_in_a_part() -> None:
    names, builtins = json.loads(evaluate("with builtins; [ (attrNames (import <osconf/lib>)) (attrNames builtins) ]"))
    documented = {name for part in PARTS for name in read_entries(part)}
    parts = {*PARTS, "licenses", "maintainers", "teams", "sourceTypes", "platforms", "misc"}
    own = ("__unfix__", "extend")
    assert [name for name in names if name not in documented | parts | set(builtins) | set(own)] == []


@pytest.mark.parametrize("part", PARTS)
def test_examples_are_true(part: str) -> None:
    def work() -> list[str]:
        evaluator = make_evaluator()
        wrong = []
        for name, entry in read_entries(part).items():
            for example in entry.examples:
                code = f"let lib = import <osconf/lib>; in {example.code}"
                try:
                    if example.fails:
                        evaluator.deep_force(evaluator.eval_text(code, base_dir=str(FOLDER)))
                        wrong.append(f"{name}: does not fail: {example.code}")
                    elif (
                        force(evaluator.eval_text(f"({code}) == ({in_scope(example.result)})", base_dir=str(FOLDER)))
                        is not True
                    ):
                        shown = evaluator.eval_text(
                            f"(import <osconf/lib>).generators.toPretty {{ multiline = false; }} ({code})",
                            base_dir=str(FOLDER),
                        )
                        wrong.append(f"{name}: {example.code} is {force(shown)}")
                except OsconfError as error:
                    if not example.fails or example.result not in error.message + (error.hint or ""):
                        wrong.append(f"{name}: {example.code} fails: {error.message}")
        return wrong

    assert run_deep(work) == []


def in_scope(text: str) -> str:
    return f"let lib = import <osconf/lib>; in {text}"


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("nix-instantiate") is None, reason="needs the real nix-instantiate")
@pytest.mark.parametrize("part", [part for part in PARTS if part not in ENGINE])
def test_examples_are_true_for_real_nix(part: str, tmp_path: Path) -> None:
    lib = f"import {FOLDER.parent}"
    folder = tmp_path / "reference"
    shutil.copytree(FOLDER, folder)
    let = f"let lib = {lib}; in"
    checks = [
        f"  {{ name = {json.dumps(name)}; true = ({let} {example.code}) == ({let} {example.result}); }}"
        for name, entry in read_entries(part).items()
        for example in entry.examples
        if not example.fails
    ]
    (folder / "check.nix").write_text(
        "map (check: check.name) (builtins.filter (check: !check.true) [\n" + "\n".join(checks) + "\n])\n"
    )
    command = ["nix-instantiate", "--eval", "--strict", str(folder / "check.nix")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (ran.returncode, ran.stdout.strip()) == (0, "[ ]"), ran.stderr
