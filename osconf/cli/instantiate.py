"""`osconf instantiate`: derivations into the store."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression


@click.command("instantiate")
@options.expression
@options.configuration
@click.option("--add-root", "root", metavar="LINK", help="Make LINK, LINK-2, … to the derivations: gc leaves them.")
@click.option("--indirect", is_flag=True, help="Taken as nix-instantiate takes it: every LINK is remembered.")
@click.pass_obj
def instantiate(
    invocation: Invocation, /, config: str | None, root: str | None, indirect: bool, **expression: object
) -> None:
    """Evaluate derivations, write their .drv files to the store and print the paths.

    Of a list or a set, every derivation in it is meant; of sets inside only those with `recurseForDerivations = true`.
    Without FILE or -E, it is the system of the configuration.

    \b
    Example:
      osconf instantiate -c /etc/osconf/configuration.nix
    """
    from osconf.rebuild.configuration import instantiate_configuration, instantiate_expression
    from osconf.rebuild.results import link_results

    if expression["files"] or expression["exprs"]:
        wanted = Expression.from_options(expression)
        found = instantiate_expression(invocation.session, wanted.evaluator, wanted.values, wanted.arguments)
    else:
        found = [instantiate_configuration(invocation.session, invocation.configuration(config), "system")]
    places = [derivation.path for derivation in found]
    if root is not None:
        places = [str(link) for link in link_results(invocation.session.store, root, places)]
    for derivation, place in zip(found, places, strict=True):
        click.echo(place if derivation.output in ("", "out") else f"{place}!{derivation.output}")


COMMANDS = {"instantiate": instantiate}
