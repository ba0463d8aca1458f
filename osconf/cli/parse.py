"""`osconf parse`: is this text in the language?"""

from __future__ import annotations

from pathlib import Path

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import read_source


@click.command("parse")
@click.argument("files", nargs=-1)
@click.option("-E", "--expr", metavar="EXPR", help="Take this expression instead of files.")
@options.experimental_features
@click.pass_obj
def parse(invocation: Invocation, files: tuple[str, ...], expr: str | None, has_pipes: bool) -> None:
    """Check the syntax of files or an expression; the first mistake of each is shown.

    \b
    Example:
      osconf parse configuration.nix
    """
    from osconf.cli.app import show_error
    from osconf.errors import OsconfError

    if not files and expr is None:
        raise click.UsageError("give a file or -E EXPR")
    evaluator = invocation.session.evaluator(pipes=has_pipes)
    is_good = True
    for file in files or (None,):
        try:
            source = (expr or "", str(Path.cwd()), "«string»") if file is None else read_source(file)
            evaluator.parse_text(*source)
        except OsconfError as error:
            is_good = False
            show_error(error, show_trace=invocation.show_trace)
    if not is_good:
        raise click.exceptions.Exit(1)


COMMANDS = {"parse": parse}
