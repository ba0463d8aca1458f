"""A shell and what it needs, for builders of stores that have no packages."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy_shell(environment: Path) -> Path:
    """Make the folder an environment with `sh` and `sleep`; gives it back."""
    usr = environment / "usr"
    libraries = usr / "lib/x86_64-linux-gnu"
    for folder in (usr / "bin", usr / "sbin", libraries, usr / "lib64"):
        folder.mkdir(parents=True)
    for source, target in (
        ("/usr/bin/dash", usr / "bin/sh"),
        ("/usr/bin/sleep", usr / "bin/sleep"),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", libraries / "libc.so.6"),
        ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", usr / "lib64/ld-linux-x86-64.so.2"),
    ):
        shutil.copy(source, target)
    return environment
