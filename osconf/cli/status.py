"""`osconf status`: what runs, what boots next, what still runs old code."""

from __future__ import annotations

import json

import click

from osconf.cli import options


@click.command("status")
@options.as_json
def status(as_json: bool) -> None:
    """Say which system runs, which one boots next, and what still runs as it was before.

    That is processes with code of an earlier generation, and units that a switch changed but could not restart.

    \b
    Example:
      osconf status
    """
    from osconf.rebuild.status import read_status

    found = read_status()
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else found.as_text())


COMMANDS = {"status": status}
