"""`osconf option`: what an option is, what it is set to, and who set it."""

from __future__ import annotations

import json
import os
import sys

import click

from osconf.cli import options
from osconf.cli.completion import complete_option_path
from osconf.cli.context import Invocation


@click.command("option")
@click.argument("path", required=False, default="", shell_complete=complete_option_path)
@options.configuration
@options.as_json
@click.pass_obj
def option(invocation: Invocation, path: str, config: str | None, as_json: bool) -> None:
    """Show an option's value, type, default and description, who declares it, and every definition with its place.

    For a prefix, the options below it are listed.

    With --json, value, default, example and definitions are JSON. What JSON cannot hold, such as a package, stands
    there as its text, and value_has_texts (default_has_texts, …) is true.

    \b
    Example:
      osconf option networking.firewall.allowedTCPPorts
    """
    from osconf.rebuild.options import report_option

    report = report_option(invocation.session, invocation.configuration(config), path)
    width = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 0
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text(width))


COMMANDS = {"option": option}
