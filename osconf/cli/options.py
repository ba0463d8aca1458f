"""Options that several commands share, so that they are spelt and explained the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

configuration = click.option(
    "-c",
    "--config",
    "config",
    metavar="FILE",
    help="The configuration (default: $OSCONF_CONFIG or /etc/osconf/configuration.nix).",
)
extra_modules = click.option(
    "--module", "modules", multiple=True, metavar="EXPR", help="Add a module to the configuration, such as '{ … }'."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, errors (on stderr) too.")


def result_link(default: str | None) -> Callable[[Command], Command]:
    """`-o`: where the link to the result goes."""
    return click.option(
        "-o", "--out-link", "out_link", metavar="LINK", default=default, help="Where the link to the result goes."
    )


def _read_features(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> bool:
    return "pipe-operators" in " ".join(given).split()


experimental_features = click.option(
    "--extra-experimental-features",
    "--experimental-features",
    "has_pipes",
    multiple=True,
    metavar="NAMES",
    callback=_read_features,
    help="As in Nix; `pipe-operators` allows |> and <|, everything else is there anyway.",
)


def expression(command: Command) -> Command:
    """FILE or -E, and what selects and feeds the expression."""
    decorators = [
        click.argument("file", required=False),
        click.option("-E", "--expr", metavar="EXPR", help="Take this expression instead of a file."),
        click.option("-A", "--attr", metavar="PATH", default="", help="Take this attribute of the result."),
        click.option("--arg", "args", nargs=2, multiple=True, metavar="NAME EXPR", help="Pass an argument."),
        click.option("--argstr", "string_args", nargs=2, multiple=True, metavar="NAME TEXT", help="Pass a string."),
        click.option("-I", "--include", "search_path", multiple=True, metavar="NAME=PATH", help="Extend <…> lookups."),
        click.option("--pure-eval", "is_pure", is_flag=True, help="Read nothing but the store."),
        experimental_features,
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def build_settings(command: Command) -> Command:
    """How builds run."""
    decorators = [
        click.option("-j", "--jobs", type=click.IntRange(min=1), help="Build this many derivations at once."),
        click.option("--cores", type=click.IntRange(min=0), help="What a build may use (0: all)."),
        click.option("-K", "--keep-failed", is_flag=True, help="Keep the directory of a failed build."),
        click.option("-k", "--keep-going", is_flag=True, help="Go on with what does not depend on a failed build."),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
