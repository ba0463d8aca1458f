"""`osconf repl`: explore expressions."""

from __future__ import annotations

import click

from osconf.cli.context import Invocation


@click.command("repl")
@click.argument("files", nargs=-1)
@click.option("-I", "--include", "search_path", multiple=True, metavar="NAME=PATH", help="Extend <…> lookups.")
@click.pass_obj
def repl(invocation: Invocation, files: tuple[str, ...], search_path: tuple[str, ...]) -> None:
    """Read expressions and print their values; FILES are loaded first, `:?` lists the commands.

    \b
    Example:
      osconf repl '<osconf/lib>'
    """
    from osconf.lang.evaluator import run_deep
    from osconf.lang.repl import run_repl

    run_deep(lambda: run_repl(invocation.session.evaluator(search_path=search_path), files))


COMMANDS = {"repl": repl}
