"""The command line: one command per file, imported when it is called; only this package prints and exits."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `osconf` program."""
    from osconf.cli.app import run

    run()
