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

    Without FILE or -E, the system of the configuration is meant.

    \b
    Example:
      osconf instantiate -c /etc/osconf/configuration.nix
    """
    from osconf.rebuild.configuration import instantiate_configuration, instantiate_expression

    if expression["file"] is None and expression["expr"] is None:
        paths = [instantiate_configuration(invocation.session, invocation.configuration(config), "system").path]
    else:
        wanted = Expression.from_options(expression)
        found = instantiate_expression(invocation.session, wanted.evaluator, wanted.evaluate)
        paths = [derivation.path for derivation in found]
    for path in paths:
        click.echo(path)


COMMANDS = {"instantiate": instantiate}
