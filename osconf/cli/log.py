"""`osconf log`: what a build printed."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.errors import OsconfError


@click.command("log")
@click.argument("path")
@options.log_caches
@click.pass_obj
def log(invocation: Invocation, path: str) -> None:
    """Print the log of the build of a derivation or of one of its outputs, made here or by who filled a binary cache.

    \b
    Example:
      osconf log result
    """
    from osconf.build.logs import read_log
    from osconf.store.binary_cache import open_cache

    session = invocation.session
    target = path if path.endswith(".drv") else session.store.resolve(path)
    caches = (open_cache(address, session.store_dir) for address in session.build_settings.caches)
    text = read_log(session.store, target, caches)
    if text is None:
        raise OsconfError(
            f"there is no log of '{target}'",
            code="no-log",
            hint="it was not built on this machine and no cache has its log, or its builder said nothing",
        )
    click.echo(text, nl=not text.endswith("\n"))


COMMANDS = {"log": log}
