"""`osconf lock`: which packages of the archive a configuration gets."""

from __future__ import annotations

import json

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.group("lock", invoke_without_command=True)
@options.configuration
@options.as_json
@click.pass_context
def lock(ctx: click.Context, config: str | None, as_json: bool) -> None:
    """Show osconf.lock: the archive's state that the configuration is built from.

    \b
    Example:
      osconf lock update && osconf switch
    """
    if ctx.invoked_subcommand is not None:
        return
    from osconf.rebuild.locks import describe_lock

    invocation: Invocation = ctx.obj
    summary = describe_lock(invocation.session, invocation.configuration(config))
    click.echo(json.dumps(summary.as_json(), indent=2) if as_json else summary.as_text())


@lock.command("update")
@click.argument("names", nargs=-1)
@click.option("--security-only", is_flag=True, help="Only what the security suite offers.")
@options.configuration
@options.as_json
@click.pass_obj
def update(
    invocation: Invocation, names: tuple[str, ...], security_only: bool, config: str | None, as_json: bool
) -> None:
    """Take the archive's present state; with NAMES, only these packages' new versions.

    Then `osconf switch` builds the system from it: this is how security updates arrive.

    \b
    Example:
      osconf lock update openssl libssl3t64
    """
    from osconf.rebuild.locks import update_configuration_lock

    changes = update_configuration_lock(
        invocation.session, invocation.configuration(config), names, security_only=security_only
    )
    click.echo(json.dumps(changes.as_json(), indent=2) if as_json else changes.as_text())


COMMANDS = {"lock": lock}
