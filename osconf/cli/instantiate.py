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

    session = invocation.session
    session.watch()
    if expression["files"] or expression["exprs"]:
        wanted = Expression.from_options(expression)
        found = instantiate_expression(session, wanted.evaluator, wanted.values, wanted.arguments)
    else:
        found = [instantiate_configuration(session, invocation.configuration(config), "system")]
    paths = [derivation.path for derivation in found]
    links = {} if root is None else link_results(session.store, root, paths)
    invocation.print_outcome(
        [
            str(place) if derivation.output in ("", "out") else f"{place}!{derivation.output}"
            for derivation, place in zip(found, links or paths, strict=True)
        ],
        paths,
        links,
    )


COMMANDS = {"instantiate": instantiate}
