"""`osconf parse`: is this text in the language, and how is it understood?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import read_source

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator
    from osconf.lang.features import Features


@click.command("parse")
@click.argument("files", nargs=-1)
@click.option("-E", "--expr", metavar="EXPR", help="Take this expression instead of files.")
@click.option("--check", "is_check", is_flag=True, help="Print nothing but mistakes.")
@options.experimental_features
@click.pass_obj
def parse(invocation: Invocation, files: tuple[str, ...], expr: str | None, is_check: bool, features: Features) -> None:
    """Print files or an expression as they are understood, in one notation; the first mistake of each is shown.

    \b
    Example:
      osconf parse -E 'a - b * c'
      osconf parse --check configuration.nix
    """
    from osconf.cli.app import show_error
    from osconf.errors import OsconfError
    from osconf.lang.evaluator import run_deep

    if not files and expr is None:
        raise click.UsageError("give a file or -E EXPR")
    evaluator = invocation.session.evaluator(features=features)
    is_good = True
    for file in files or (None,):
        try:
            source = (expr or "", str(Path.cwd()), "«string»") if file is None else read_source(file)
            text = run_deep(partial(_understand, evaluator, *source, features=features))
            if not is_check:
                click.echo(text)
        except OsconfError as error:
            is_good = False
            show_error(error, show_trace=invocation.show_trace)
    if not is_good:
        raise click.exceptions.Exit(1)


def _understand(evaluator: Evaluator, text: str, base_dir: str, label: str, *, features: Features) -> str:
    """Check a text, undefined variables too; how it is understood."""
    from osconf.lang.parser import parse as parse_tree
    from osconf.lang.source import Source
    from osconf.lang.syntax_text import write_syntax
    from osconf.lang.values import from_latin, to_latin

    evaluator.parse_text(text, base_dir, label)
    tree = parse_tree(
        Source(label, to_latin(text)), pipes=features.pipes, no_urls=features.no_url_literals, is_split=True
    )
    return from_latin(write_syntax(tree, to_latin(base_dir), evaluator.world.env("HOME")))


COMMANDS = {"parse": parse}
