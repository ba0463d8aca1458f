"""`osconf status`: what runs, what boots next, what still runs old code."""

from __future__ import annotations

import json

import click

from osconf.cli import options


@click.command("status")
@options.as_json
def status(as_json: bool) -> None:
    """Say which system runs, which one boots next, and which processes still run code of an earlier generation.

    \b
    Example:
      osconf status
    """
    from osconf.rebuild.status import read_status

    found = read_status()
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else found.as_text())


COMMANDS = {"status": status}
