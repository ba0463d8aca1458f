"""Running programs: the one place (beside `sandbox`) where osconf starts a process.

A caller gets bytes and an exit code, or a `ProgramFailed` that names the command and shows the end of its output.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osconf.errors import OsconfError

_TAIL_LINES = 15
PIPE = subprocess.PIPE
Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """How a program ended; `exit_code` is negative for a signal, as in `subprocess`."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """Return the standard output as text, without the last newline."""
        return self.stdout.decode(errors="replace").rstrip("\n")


class ProgramFailed(OsconfError):
    """A program could not be started or ended with another exit code than 0."""

    code = "program-failed"

    def __init__(self, argv: Sequence[str], result: ProgramResult) -> None:
        tail = result.stderr.decode(errors="replace").splitlines()[-_TAIL_LINES:]
        shown = f": {tail[-1].strip()}" if tail else ""
        super().__init__(
            f"{argv[0]} ended with exit code {result.exit_code}{shown}",
            hint=f"the command was: {shlex.join(argv)}",
        )
        self.result = result


def run_program(
    argv: Sequence[str],
    *,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    timeout: float | None = None,
    check: bool = True,
    capture: bool = True,
) -> ProgramResult:
    """Run a program to its end; with `check`, one that fails, is missing or is too slow raises `ProgramFailed`."""
    try:
        done = subprocess.run(
            list(argv),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=capture,
            env=None if env is None else dict(env),
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
        result = ProgramResult(done.returncode, done.stdout or b"", done.stderr or b"")
    except FileNotFoundError as missing:
        result = ProgramResult(127, b"", f"{missing.filename}: not found".encode())
    except subprocess.TimeoutExpired as late:
        result = ProgramResult(124, late.stdout or b"", (late.stderr or b"") + f"\nno end within {timeout} s".encode())
    if check and result.exit_code != 0:
        raise ProgramFailed(argv, result)
    return result


def start_program(argv: Sequence[str], **options: Any) -> Process:
    """Start a program and return its handle; `options` are those of `subprocess.Popen`."""
    return subprocess.Popen(list(argv), **options)
