"""`osconf eval`: the value of an expression."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression, find_names, show_python, show_values


@click.command("eval")
@options.expression
@click.option("--strict", is_flag=True, help="Evaluate everything inside the value.")
@click.option("--raw", "as_raw", is_flag=True, help="Print a string as it is.")
@click.option("--xml", "as_xml", is_flag=True, help="Print XML; with --strict, of everything inside the value.")
@click.option("--no-location", is_flag=True, help="With --xml: do not say where attributes are written.")
@click.option("--find-file", "is_search", is_flag=True, help="Print where each FILE is found on the search path.")
@click.option("--read-write-mode", "is_writing", is_flag=True, help="Write what is evaluated to the store, too.")
@click.option("--dump-python", is_flag=True, help="Print the Python that the expression is compiled to.")
@options.as_json
@click.pass_obj
def evaluate(
    invocation: Invocation,
    /,
    strict: bool,
    as_raw: bool,
    as_xml: bool,
    no_location: bool,
    is_search: bool,
    is_writing: bool,
    dump_python: bool,
    as_json: bool,
    **expression: object,
) -> None:
    """Evaluate files or expressions and print their values.

    FILE may be `-` (standard input), `<name>` (looked up as in an expression) or the address of a tar archive; without
    FILE and -E it is ./default.nix.

    \b
    Example:
      osconf eval -E '1 + 2'
      osconf eval --json configuration.nix -A services
    """
    wanted = Expression.from_options(expression)
    if dump_python:
        click.echo(show_python(invocation, wanted))
        return
    xml = "placeless" if no_location else "xml"
    form = "raw" if as_raw else xml if as_xml else "json" if as_json else "plain"
    if is_writing:
        invocation.session.prepare()
    texts = (
        find_names(invocation, wanted) if is_search else show_values(invocation, wanted, form=form, is_strict=strict)
    )
    if is_writing:
        invocation.session.commit()
    for text in texts:
        click.echo(text, nl=False)


COMMANDS = {"eval": evaluate}
