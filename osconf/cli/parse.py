"""`osconf parse`: is this text in the language?"""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression


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
    wanted = [{"file": file, "expr": None} for file in files] or [{"file": None, "expr": expr}]
    is_good = True
    for given in wanted:
        expression = Expression.from_options(
            {
                **given,
                "attr": "",
                "args": (),
                "string_args": (),
                "search_path": (),
                "is_pure": False,
                "has_pipes": has_pipes,
            }
        )
        try:
            invocation.session.evaluator(pipes=has_pipes).parse_text(expression.text(), label=expression.label())
        except OsconfError as error:
            is_good = False
            show_error(error, show_trace=invocation.show_trace)
    if not is_good:
        raise click.exceptions.Exit(1)


COMMANDS = {"parse": parse}
