"""`osconf shell`: packages for the length of a command."""

from __future__ import annotations

from pathlib import Path

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.command("shell")
@click.option("-p", "--packages", multiple=True, required=True, metavar="NAME", help="A package (may be repeated).")
@click.option("--run", "command", metavar="CMD", help="Run this instead of an interactive shell.")
@click.option("--pure", "is_pure", is_flag=True, help="See nothing of the machine's /etc.")
@click.option("-c", "--config", metavar="FILE", help="Take the packages from this configuration's lock.")
@options.cache_settings
@click.argument("names", nargs=-1)
@click.pass_obj
def shell(
    invocation: Invocation,
    packages: tuple[str, ...],
    command: str | None,
    is_pure: bool,
    config: str | None,
    names: tuple[str, ...],
) -> int:
    """Open a shell, or run a command, where /usr holds the packages and what they need; nothing is installed.

    \b
    Example:
      osconf shell -p git --run 'git --version'
      osconf shell -p gcc make libssl-dev
    """
    from osconf.rebuild.shell import build_package_environment, run_inside

    session = invocation.session
    configuration = None if config is None else Path(config).absolute()
    environment = build_package_environment(session, [*packages, *names], configuration)
    return run_inside(session, environment, command, is_pure=is_pure)


COMMANDS = {"shell": shell}
