"""What the tests of the language share: evaluate a text quickly, without a store."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, TypeVar

from osconf.errors import OsconfError
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.show import show_value
from osconf.lang.world import PureWorld

T = TypeVar("T")


def find_nix() -> str:
    """The real program to compare with: `$NIX_INSTANTIATE`, or what is installed; empty when there is none."""
    return os.environ.get("NIX_INSTANTIATE") or shutil.which("nix-instantiate") or ""


def is_recent(nix: str) -> bool:
    """Whether a nix-instantiate is of the version that osconf follows, or newer."""
    text = subprocess.run([nix, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    return found is not None and (int(found[1]), int(found[2])) >= (2, 26)


class QuietWorld(PureWorld):
    """A world without a store and with Nix's store directory, which keeps what is traced and warned."""

    def __init__(self) -> None:
        super().__init__("/nix/store", system="x86_64-linux")
        self.said: list[str] = []

    def trace(self, text: str) -> None:
        self.said.append(f"trace: {text}")

    def warn(self, text: str) -> None:
        self.said.append(f"warning: {text}")


def evaluate(text: str, then: Callable[[Evaluator, Any], T], base_dir: str = "/") -> T:
    """Evaluate a text in a fresh evaluator and give its value to `then`, inside the deep stack."""
    evaluator = Evaluator(QuietWorld())
    return run_deep(lambda: then(evaluator, evaluator.eval_text(text, base_dir)))


def show(text: str, base_dir: str = "/") -> str:
    """What a text evaluates to, deeply, as Nix prints it."""
    return evaluate(text, lambda evaluator, value: show_value(evaluator.deep_force(value)), base_dir)


def try_show(text: str, base_dir: str = "/") -> tuple[str, str]:
    """(value, text) or (error, message)."""
    try:
        return "value", show(text, base_dir)
    except OsconfError as error:
        return "error", error.message
