"""The command line: one command per file, imported when it is called; only this package prints and exits."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the `osconf` program."""
    try:
        if not _repeat():
            from osconf.cli.app import run

            run()
    except KeyboardInterrupt:
        # Before there was a command that says so.
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _repeat() -> bool:
    """Print what the same call printed before, when nothing that it rests on has changed; whether it was so."""
    from osconf.memo.outcome import Memo

    memo = Memo.of_user(os.environ)
    output = None if memo is None else memo.recall(sys.argv[1:], os.environ)
    if output is None:
        return False
    try:
        while output:
            output = output[os.write(sys.stdout.fileno(), output) :]
    except (OSError, AttributeError):
        # The call itself says what is wrong with its output.
        return False
    return True
