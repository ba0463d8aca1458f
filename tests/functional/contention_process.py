"""One of the processes that share a store in `test_contention`: `build` or `collect`, until told to stop.

Builders say the paths of their outputs, which are noted in `runs`; the collector writes what it removed to a file.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

from osconf.build.builtins import GENERIC_BUILDERS
from osconf.build.realise import realise
from osconf.build.reporter import QuietReporter
from osconf.store.local import LocalStore
from tests.unit.build.conftest import Recipe, Workbench

WIDTH, DEPTH = 8, 4


class Counting(QuietReporter):
    """Notes what builders say."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def log_line(self, drv: str, line: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{line}\n")


def describe(bench: Workbench) -> list[list[Recipe]]:
    """Layers of derivations, each made from two of the layer below; every process describes the same ones."""
    chooser = random.Random(1)
    layers: list[list[Recipe]] = []
    for depth in range(DEPTH):
        layer = []
        for number in range(WIDTH):
            inputs = chooser.sample(layers[-1], 2) if layers else []
            name = f"d{depth}-{number}"
            used = " ".join(recipe.out for recipe in inputs)
            if number % 3 == 0:
                recipe = bench.text(name, f"{name} {used}", *inputs)
            else:
                script = f"echo $out ${{dev-}}; cat {used} /dev/null > /dev/null && echo {name} {used} > $out"
                outputs = ("out", "dev") if number % 3 == 1 else ("out",)
                recipe = bench.shell(name, f"{script}; echo > ${{dev-/dev/null}}", *inputs, outputs=outputs)
            layer.append(recipe)
        layers.append(layer)
    return layers


def build(root: Path, shared: Path, seed: int, rounds: int, durable: bool) -> None:
    """Build some derivations again and again, each time as a program of its own would."""
    chooser = random.Random(seed)
    for _ in range(rounds):
        with LocalStore.open(root, durable=durable) as store:
            bench = Workbench(store)
            settings = replace(bench.settings, jobs=chooser.choice([1, 2, 4]), lock_timeout=120.0)
            layers = describe(bench)
            chosen = chooser.sample(layers[-1] + layers[-2], 4)
            realise(store, [recipe.path for recipe in chosen], GENERIC_BUILDERS, settings, Counting(shared / "runs"))
            for pause in (0, chooser.random() * 0.2):
                time.sleep(pause)
                wanted = [output.path for recipe in chosen for output in recipe.drv.outputs.values()]
                for path in store.closure(wanted):
                    os.lstat(store.real_path(path))


def collect(root: Path, shared: Path, durable: bool) -> None:
    """Collect garbage until the file `stop` appears."""
    removed: dict[str, int] = {}
    rounds = 0
    with LocalStore.open(root, durable=durable) as store:
        while not (shared / "stop").exists():
            result = store.collect_garbage()
            rounds += 1
            for path in result.paths:
                removed[path] = removed.get(path, 0) + 1
            time.sleep(0.05)
    (shared / "removed.json").write_text(json.dumps({"rounds": rounds, "removed": removed}))


if __name__ == "__main__":
    kind, root, shared, seed, rounds, durable = sys.argv[1:]
    if kind == "build":
        build(Path(root), Path(shared), int(seed), int(rounds), durable == "True")
    else:
        collect(Path(root), Path(shared), durable == "True")
