"""`osconf profile`: packages that a user installs for himself."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osconf.cli import options
from osconf.cli.context import Invocation

if TYPE_CHECKING:
    from osconf.rebuild.profiles import ProfileChange, UserProfile

_from_lock = click.option(
    "-c", "--config", "config", metavar="FILE", help="Take packages from this configuration's lock."
)


@click.group("profile")
def profile() -> None:
    """Install packages for yourself: nothing of the machine changes, and every change can be taken back.

    Programs are in ~/.osconf-profile/bin. Where osconf did not make the system, put that into PATH yourself:
    `export PATH="$HOME/.osconf-profile/bin:$PATH"` in ~/.profile.

    \b
    Example:
      osconf profile install git && ~/.osconf-profile/bin/git --version
    """


@profile.command("install")
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("-E", "--expr", "expressions", multiple=True, metavar="EXPR", help="Install what an expression gives.")
@_from_lock
@options.build_settings
@click.pass_obj
def install(
    invocation: Invocation,
    /,
    names: tuple[str, ...],
    expressions: tuple[str, ...],
    config: str | None,
) -> None:
    """Install packages by name (`git`, `python3Packages.requests`), store paths, or the value of an expression.

    Their programs are in ~/.osconf-profile/bin. Each starts with a /usr of its own, which has the packages of the
    profile and what they need.

    \b
    Example:
      osconf profile install hello
      osconf profile install ./result -E 'import ./tool.nix'
    """
    if not (names or expressions):
        raise click.UsageError("name a package, a store path, or -E EXPR")
    user = _open(invocation)
    configuration = None if config is None else invocation.configuration(config)
    change = user.install(names, expressions, configuration)
    _tell(change, "everything is installed already")
    _tell_place(invocation, user)


@profile.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@options.build_settings
@click.pass_obj
def remove(invocation: Invocation, /, names: tuple[str, ...]) -> None:
    """Take packages out of the profile.

    \b
    Example:
      osconf profile remove hello
    """
    _tell(_open(invocation).remove(names), "nothing changes")


@profile.command("list")
@options.as_json
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List what is installed.

    \b
    Example:
      osconf profile list --json
    """
    from dataclasses import asdict

    user = _open(invocation)
    elements = user.manifest().elements
    if as_json:
        record = {
            "profile": str(user.profile.link),
            "generation": user.number(),
            "elements": [asdict(element) for element in elements],
        }
        click.echo(json.dumps(record, indent=2))
        return
    if not elements:
        click.echo("the profile is empty; `osconf profile install NAME` installs a package", err=True)
        return
    from textwrap import shorten

    width = max(len(element.name) for element in elements)
    versions = max(len(element.version) for element in elements)
    for element in elements:
        origin = "" if element.kind == "package" else shorten(f"{element.kind} {element.request}", 60, placeholder=" …")
        click.echo(f"{element.name:<{width}}  {element.version:<{versions}}  {origin}".rstrip())
    click.echo(f"generation {user.number()} of {user.profile.link}", err=True)


@profile.command("upgrade")
@click.argument("names", nargs=-1, metavar="[NAME…]")
@_from_lock
@options.build_settings
@click.pass_obj
def upgrade(invocation: Invocation, /, names: tuple[str, ...], config: str | None) -> None:
    """Take the archive's present versions, and what expressions give now; with names, of these alone.

    \b
    Example:
      osconf profile upgrade
    """
    configuration = None if config is None else invocation.configuration(config)
    _tell(_open(invocation).upgrade(names, configuration), "everything is up to date")


@profile.command("rollback")
@click.option("--to", "number", type=int, metavar="N", help="Go to this generation (default: the one before).")
@click.pass_obj
def rollback(invocation: Invocation, number: int | None) -> None:
    """Go back to the generation before the current one.

    \b
    Example:
      osconf profile rollback --to 3
    """
    _tell(_open(invocation).rollback(number), "it holds the same")


@profile.command("history")
@options.as_json
@click.pass_obj
def history(invocation: Invocation, as_json: bool) -> None:
    """List the generations with what each changed; `osconf gc --keep-generations N` forgets old ones.

    \b
    Example:
      osconf profile history
    """
    from osconf.rebuild.profile_manifest import changes_as_json

    records = _open(invocation).history()
    if as_json:
        rows = [
            {
                "generation": record.generation.number,
                "date": record.generation.created,
                "current": record.generation.is_current,
                "changes": changes_as_json(record.changes),
            }
            for record in records
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for record in records:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.generation.created))
        click.echo(f"{record.generation.number:>4}  {made}{'  current' if record.generation.is_current else ''}")
        for change in record.changes:
            click.echo(f"      {change.as_text()}")


def _open(invocation: Invocation) -> UserProfile:
    from osconf.rebuild.profiles import UserProfile

    return UserProfile(invocation.session)


def _tell(change: ProfileChange, otherwise: str) -> None:
    for line in change.changes:
        click.echo(line.as_text())
    if change.changes:
        click.echo(f"generation {change.generation}", err=True)
    else:
        click.echo(otherwise, err=True)


def _tell_place(invocation: Invocation, user: UserProfile) -> None:
    home = invocation.environment.get("HOME")
    place = user.link_home(Path(home)) if home else user.profile.link / "bin"
    path = invocation.environment.get("PATH", "").split(os.pathsep)
    if str(place) not in path:
        click.echo(f"the programs are in {place}, which is not in your PATH: see `osconf profile --help`", err=True)


COMMANDS = {"profile": profile}
