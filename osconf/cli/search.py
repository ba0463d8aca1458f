"""`osconf search`: packages by name and description."""

from __future__ import annotations

import json

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.command("search")
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@click.option("--options", "in_options", is_flag=True, help="Search options instead of packages.")
@options.configuration
@options.as_json
@click.pass_obj
def search(invocation: Invocation, words: tuple[str, ...], in_options: bool, config: str | None, as_json: bool) -> None:
    """Find packages of the archive (or options) whose name or description has every WORD, the best matches first.

    \b
    Example:
      osconf search tmux
      osconf search --options firewall port
    """
    from osconf.module_system.reports import without_roles
    from osconf.rebuild.search import search_options, search_packages

    wanted = [part for word in words for part in word.split()] or [""]
    if in_options:
        found = search_options(invocation.session, wanted)
    else:
        found = search_packages(invocation.session, wanted, config)
    if as_json:
        click.echo(json.dumps([{"name": name, "description": text} for name, text in found], ensure_ascii=False))
        return
    for name, text in found:
        text = without_roles(text)
        click.echo(f"{name}\n  {text}" if text else name)
    if not found:
        click.echo(f"nothing is called or described as {' '.join(words)!r}", err=True)
        raise click.exceptions.Exit(1)


COMMANDS = {"search": search}
