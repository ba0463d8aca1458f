"""How long the module system takes, as whole processes: 300 modules, 3 000 options of ten types, 1 000 submodules.

An option is changed before each run, so no result can be remembered; parsed files are (the caches are warm). With
`make bench NIXPKGS=PATH` (a checkout of nixpkgs) the real nix evaluates the same files with nixpkgs' `lib` beside:
the one that `NIX_INSTANTIATE` names, if it names one.
"""

from __future__ import annotations

import os
import shutil
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.bench.big_configuration import write_configuration
from tests.bench.processes import Cost, run_process

ROOT = Path(__file__).parents[2]
NIX = os.environ.get("NIX_INSTANTIATE") or shutil.which("nix-instantiate")
NIXPKGS = os.environ.get("NIXPKGS", "")
SIZES = (100, 300, 1000, 3000)
UNUSED = (0, 100, 500, 2000)
TIMES_NIX = 2.0
"""How many times longer than Nix it may take."""
SYSTEM_SECONDS, SYSTEM_MEGABYTES = 1.0, 200
_CHANGES = count(1)


def run(*command: str) -> Cost:
    """Run a process to its end."""
    return run_process(command, cwd=ROOT)


def evaluate(folder: Path, changed: int | None = None) -> Cost:
    """Evaluate with osconf, with an option changed."""
    changed = next(_CHANGES) if changed is None else changed
    expression = f"import {folder} {{ lib = import <osconf/lib>; changed = {changed}; }}"
    return run(sys.executable, "-m", "osconf.cli", "eval", "-E", expression)


def best(folder: Path, runs: int = 3) -> Cost:
    """The best of some runs after two that fill the caches: the second one learns what it need not read."""
    evaluate(folder)
    evaluate(folder)
    return min((evaluate(folder) for _ in range(runs)), key=lambda cost: cost.seconds)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of 300 modules."""
    return write_configuration(tmp_path_factory.mktemp("usual")).parent


def test_beside_nix(usual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = best(usual)
    with capsys.disabled():
        print(f"\n300 modules, osconf  {ours}")
    if NIX is None:
        pytest.skip("no comparison: nix-instantiate is not installed (Debian package nix-bin)")
    if not NIXPKGS:
        pytest.skip("no comparison: name a checkout of nixpkgs with `make bench NIXPKGS=PATH`")
    changed = next(_CHANGES)
    expression = f"import {usual} {{ lib = import {NIXPKGS}/lib; changed = {changed}; }}"
    command = (NIX, "--eval", "--strict", "-E", expression)
    theirs = min((run(*command) for _ in range(3)), key=lambda cost: cost.seconds)
    with capsys.disabled():
        print(f"300 modules, nix     {theirs}   osconf takes {ours.seconds / theirs.seconds:.1f} times that")
    assert evaluate(usual, changed).output == theirs.output
    assert ours.seconds <= TIMES_NIX * theirs.seconds


def test_cost_grows_linearly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs = {}
    for modules in SIZES:
        costs[modules] = best(write_configuration(tmp_path / str(modules), modules).parent, runs=2)
        with capsys.disabled():
            print(f"\n{modules:5} modules         {costs[modules]}", end="")
    per_module = {n: (costs[n].seconds - costs[SIZES[0]].seconds) / (n - SIZES[0]) for n in SIZES[1:]}
    with capsys.disabled():
        print("\nmilliseconds for each further module:", {n: round(1000 * cost, 2) for n, cost in per_module.items()})
    assert per_module[3000] < 1.5 * per_module[1000]


def test_unused_modules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs = {}
    for unused in UNUSED:
        costs[unused] = best(write_configuration(tmp_path / str(unused), 100, unused).parent, runs=3)
        with capsys.disabled():
            print(f"\n100 modules, {unused:4} unused ones  {costs[unused]}", end="")
    seconds = (costs[2000].seconds - costs[0].seconds) / 2000
    kilobytes = 1024 * (costs[2000].megabytes - costs[0].megabytes) / 2000
    with capsys.disabled():
        print(f"\neach unused module: {1000 * seconds:.3f} ms, {kilobytes:.0f} KB")
    # Their files are looked at, not read.
    assert seconds < 0.00015
    assert kilobytes < 25


def test_a_module_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not only an argument is another one: each run has a module with a new text."""
    folder = write_configuration(tmp_path / "changing").parent
    best(folder, runs=1)
    module = folder / "used" / "2.nix"
    text = module.read_text("utf-8")
    costs = []
    for number in range(3):
        module.write_text(text.replace("1000 + 2", f"{2000 + number}"), "utf-8")
        costs.append(evaluate(folder))
    with capsys.disabled():
        print(f"\na module changed      {min(costs, key=lambda cost: cost.seconds)}")
    assert len({cost.output for cost in costs}) == len(costs)


@pytest.mark.archive
def test_system_of_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / "examples/webserver.nix", tmp_path / "configuration.nix")
    (tmp_path / "store").mkdir()
    command = (sys.executable, "-m", "osconf.cli", "--store", str(tmp_path / "store"), "instantiate", "-c")
    run(*command, str(tmp_path / "configuration.nix"))
    cost = min(
        (run(*command, str(tmp_path / "configuration.nix")) for _ in range(3)), key=lambda measured: measured.elapsed
    )
    with capsys.disabled():
        print(f"\nexamples/webserver.nix  {cost}")
    assert cost.seconds <= SYSTEM_SECONDS
    assert cost.megabytes <= SYSTEM_MEGABYTES
