"""`osconf search`: packages by name and description."""

from __future__ import annotations

import json

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.command("search")
@click.argument("word")
@click.option("--options", "in_options", is_flag=True, help="Search options instead of packages.")
@options.configuration
@options.as_json
@click.pass_obj
def search(invocation: Invocation, word: str, in_options: bool, config: str | None, as_json: bool) -> None:
    """Find packages of the archive (or options) whose name or description has WORD, the best matches first.

    \b
    Example:
      osconf search tmux
    """
    from osconf.module_system.reports import without_roles
    from osconf.rebuild.search import search_options, search_packages

    if in_options:
        found = search_options(invocation.session, word)
    else:
        found = search_packages(invocation.session, word, config)
    if as_json:
        click.echo(json.dumps([{"name": name, "description": text} for name, text in found], ensure_ascii=False))
        return
    for name, text in found:
        text = without_roles(text)
        click.echo(f"{name}\n  {text}" if text else name)
    if not found:
        click.echo(f"nothing is called or described as {word!r}", err=True)
        raise click.exceptions.Exit(1)


COMMANDS = {"search": search}
