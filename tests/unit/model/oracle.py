"""Asks the installed Nix for its answer; the tests that use it are skipped where it is missing.

`NIX_INSTANTIATE` names a program of another Nix, which has the others beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_PROGRAMS = os.environ["PATH"]
if "NIX_INSTANTIATE" in os.environ:
    _PROGRAMS = f"{Path(os.environ['NIX_INSTANTIATE']).parent}:{_PROGRAMS}"


def has_nix() -> bool:
    """Whether the oracle is installed."""
    return shutil.which("nix-store", path=_PROGRAMS) is not None


class NixOracle:
    """The Nix of the machine on a store of its own below `root`, with the logical directory /nix/store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            "PATH": _PROGRAMS,
            "HOME": str(root / "home"),
            "NIX_REMOTE": f"{root / 'root'}",
            "NIX_CONF_DIR": str(root / "conf"),
            "NIX_CONFIG": (
                "experimental-features = nix-command\nbuild-users-group =\nsandbox = false\nsubstituters =\n"
            ),
        }
        if "NIX_INSTANTIATE" in os.environ:
            # One that is not installed cannot start itself for distributed builds.
            self.environment["NIX_CONFIG"] += "build-hook =\n"
        for name in ("home", "root", "conf"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def run(self, *argv: str, data: bytes = b"") -> bytes:
        """The standard output of a Nix command."""
        program = shutil.which(argv[0], path=_PROGRAMS) or argv[0]
        done = subprocess.run([program, *argv[1:]], input=data, capture_output=True, env=self.environment, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{argv}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def text(self, *argv: str) -> str:
        """The standard output, stripped."""
        return self.run(*argv).decode().strip()
