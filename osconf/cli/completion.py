"""What the shell offers on TAB beyond commands and their options: paths of options.

Completion says nothing but names: when the configuration has a mistake, the options of a plain system are offered.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from osconf.cli.context import Invocation
from osconf.errors import OsconfError

_FAILURES = (OsconfError, OSError, RecursionError)


def complete_option_path(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The paths that the words of `osconf option` may become."""
    with _silence():
        return [CompletionItem(path) for path in _find_paths(context, incomplete)]


def _find_paths(context: click.Context, incomplete: str) -> list[str]:
    from osconf.rebuild.options import complete_option

    root = context.find_root().params.get("store_root")
    invocation = Invocation.from_options(
        os.environ, store_root=root, show_trace=False, debug=False, quiet=True, verbose=0
    )
    configurations: list[Path | None] = [None]
    with contextlib.suppress(*_FAILURES):
        configurations.insert(0, invocation.configuration(context.params.get("config")))
    for configuration in configurations:
        with contextlib.suppress(*_FAILURES):
            found = complete_option(invocation.session, configuration, incomplete)
            if found:
                return found
    return []


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing is written over the line that is being typed."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        yield
