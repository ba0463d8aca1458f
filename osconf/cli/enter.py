"""`osconf enter`: what a service sees."""

from __future__ import annotations

import click

from osconf.cli.context import Invocation


@click.command("enter")
@click.argument("service")
@click.option("--run", "command", metavar="CMD", help="Run this instead of an interactive shell.")
@click.pass_obj
def enter(invocation: Invocation, service: str, command: str | None) -> int:
    """Open a shell with the /usr that SERVICE has.

    \b
    Example:
      osconf enter nginx --run 'ls /usr/sbin'
    """
    from osconf.rebuild.shell import find_service_environment, run_inside

    return run_inside(invocation.session, find_service_environment(service), command, is_pure=False)


COMMANDS = {"enter": enter}
