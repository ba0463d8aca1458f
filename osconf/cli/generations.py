"""`osconf generations`: the systems that this machine can go back to."""

from __future__ import annotations

import json
import time

import click

from osconf.cli import options
from osconf.cli.context import Invocation


@click.group("generations", invoke_without_command=True)
@options.as_json
@click.pass_context
def generations(ctx: click.Context, as_json: bool) -> None:
    """List, compare, delete and choose generations of the system.

    \b
    Example:
      osconf generations diff 3 4
    """
    if ctx.invoked_subcommand is None:
        _list(as_json)


@generations.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the generations; the boot default is marked, and what runs.

    \b
    Example:
      osconf generations list --json
    """
    _list(as_json)


def _list(as_json: bool) -> None:
    from osconf.rebuild.generations import describe_generations

    rows = describe_generations()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(row["date"]))))
        marks = [
            text
            for key, text in (("current", "current"), ("default", "boot default"), ("booted", "booted"))
            if row[key]
        ]
        click.echo(f"{row['generation']:>4}  {made}  {row['label']}  {', '.join(marks)}".rstrip())


@generations.command("diff")
@click.argument("old", type=int)
@click.argument("new", type=int)
@options.as_json
def diff(old: int, new: int, as_json: bool) -> None:
    """Compare two generations: packages with versions, units, files in /etc.

    \b
    Example:
      osconf generations diff 4 5
    """
    from osconf.rebuild.generations import compare_generations

    changes = compare_generations(old, new)
    if as_json:
        click.echo(json.dumps(changes, indent=2))
        return
    for kind, rows in changes.items():
        for row in rows:
            click.echo(f"{kind}: {row}")


@generations.command("delete")
@click.argument("numbers", nargs=-1, type=int, required=True)
def delete(numbers: tuple[int, ...]) -> None:
    """Forget generations; `osconf gc` then frees their space. The default and the booted one stay.

    \b
    Example:
      osconf generations delete 3 4
    """
    from osconf.rebuild.generations import delete_generations

    for number in delete_generations(numbers):
        click.echo(f"deleted generation {number}", err=True)


@generations.command("switch-to")
@click.argument("number", type=int)
@click.pass_obj
def switch_to(invocation: Invocation, number: int) -> int:
    """Activate a generation and make it the boot default.

    \b
    Example:
      osconf generations switch-to 4
    """
    from osconf.rebuild.generations import switch_to_generation

    return switch_to_generation(invocation.session, number)


COMMANDS = {"generations": generations}
