"""`osconf log`: what a build printed."""

from __future__ import annotations

import click

from osconf.cli.context import Invocation
from osconf.errors import OsconfError


@click.command("log")
@click.argument("path")
@click.pass_obj
def log(invocation: Invocation, path: str) -> None:
    """Print the log of the build of a derivation or of one of its outputs.

    \b
    Example:
      osconf log result
    """
    from osconf.build.logs import read_log

    session = invocation.session
    target = path if path.endswith(".drv") else session.store.resolve(path)
    text = read_log(session.store, target)
    if text is None:
        raise OsconfError(
            f"there is no log of '{target}'",
            code="no-log",
            hint="it was not built on this machine, or its builder said nothing",
        )
    click.echo(text, nl=False)


COMMANDS = {"log": log}
