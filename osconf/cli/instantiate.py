"""`osconf instantiate`: derivations into the store."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression


@click.command("instantiate")
@options.expression
@options.configuration
@click.pass_obj
def instantiate(invocation: Invocation, /, config: str | None, **expression: object) -> None:
    """Evaluate derivations, write their .drv files to the store and print the paths.

    Of a list or a set, every derivation in it is meant; of sets inside only those with `recurseForDerivations = true`.
    Without FILE or -E, it is the system of the configuration.

    \b
    Example:
      osconf instantiate -c /etc/osconf/configuration.nix
    """
    from osconf.rebuild.configuration import instantiate_configuration, instantiate_expression

    if expression["files"] or expression["exprs"]:
        wanted = Expression.from_options(expression)
        found = instantiate_expression(invocation.session, wanted.evaluator, wanted.values, wanted.arguments)
    else:
        found = [instantiate_configuration(invocation.session, invocation.configuration(config), "system")]
    for derivation in found:
        click.echo(derivation.path if derivation.output in ("", "out") else derivation.request)


COMMANDS = {"instantiate": instantiate}
