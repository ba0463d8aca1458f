"""`osconf build`: the system, or what an expression describes."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression


@click.command("build")
@options.expression
@options.configuration
@options.extra_modules
@options.result_link("result")
@click.option("--no-link", is_flag=True, help="Make no link to the result.")
@click.option("--dry-run", is_flag=True, help="Only print the derivations that would be built, inputs first.")
@click.option("--check", "rebuild", is_flag=True, help="Build again and compare with what is there.")
@options.build_settings
@click.pass_obj
def build(
    invocation: Invocation,
    /,
    config: str | None,
    modules: tuple[str, ...],
    out_link: str,
    no_link: bool,
    dry_run: bool,
    rebuild: bool,
    **expression: object,
) -> None:
    """Build and print the store paths of the results.

    Without FILE or -E, the system of the configuration is meant; an argument that ends in .drv is built as it is.

    A call that would find nothing changed and nothing to do is not evaluated again, unless OSCONF_MEMO is set to 0.

    \b
    Example:
      osconf build -E 'with import <osconf/pkgs> { }; hello'
    """
    from osconf.rebuild.configuration import (
        Instantiated,
        instantiate_configuration,
        instantiate_expression,
    )
    from osconf.rebuild.results import link_results

    session = invocation.session.with_settings(rebuild=rebuild)
    if not (dry_run or rebuild):
        session.watch()
    files = expression["files"]
    if not files and not expression["exprs"]:
        wanted = [instantiate_configuration(session, invocation.configuration(config), "system", modules=modules)]
    elif isinstance(files, tuple) and files and all(file.endswith(".drv") for file in files):
        wanted = [Instantiated(file) for file in files]
    else:
        given = Expression.from_options(expression)
        wanted = instantiate_expression(session, given.evaluator, given.values, given.arguments)
    paths = session.plan(wanted) if dry_run else session.build(wanted)
    links = {} if no_link or dry_run else link_results(session.store, out_link, paths)
    invocation.print_outcome(paths, [*paths, *(item.path for item in wanted)], links)


COMMANDS = {"build": build}
