"""Options that several commands share, so that they are spelt and explained the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from osconf.lang.features import KNOWN_FEATURES, Features

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


def _read_features(ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Features:
    names = " ".join(given).split()
    for name in names:
        if name not in KNOWN_FEATURES:
            ctx.obj.warn(f"unknown experimental feature '{name}'")
    return Features.from_names(names)


experimental_features = click.option(
    "--extra-experimental-features",
    "--experimental-features",
    "features",
    multiple=True,
    metavar="NAMES",
    callback=_read_features,
    help="As in Nix; pipe-operators, parse-toml-timestamps and no-url-literals have an effect.",
)


def expression(command: Command) -> Command:
    """FILEs or -E, and what selects and feeds the expression."""
    decorators = [
        click.argument("files", nargs=-1, metavar="[FILE]..."),
        click.option("-E", "--expr", "exprs", multiple=True, metavar="EXPR", help="Take this expression, not a file."),
        click.option("-A", "--attr", "attributes", multiple=True, metavar="PATH", help="Take this of the result."),
        click.option("--arg", "args", nargs=2, multiple=True, metavar="NAME EXPR", help="Pass an argument."),
        click.option("--argstr", "string_args", nargs=2, multiple=True, metavar="NAME TEXT", help="Pass a string."),
        click.option("-I", "--include", "search_path", multiple=True, metavar="NAME=PATH", help="Extend <…> lookups."),
        click.option("--pure-eval", "is_pure", is_flag=True, help="Read nothing but the store."),
        click.option(
            "--restrict-eval", "is_restricted", is_flag=True, help="Read nothing but the search path and the store."
        ),
        click.option(
            "--allowed-uris", multiple=True, metavar="URIS", help="With --restrict-eval: fetch from these, too."
        ),
        experimental_features,
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def _seconds(given: str | None) -> float:
    if given is None:
        return 0
    from osconf.cli.units import parse_age

    return float(given) if given.isdigit() else parse_age(given)


def _choose(*declarations: str, read: Callable[[Any], Any] = lambda given: given, **attributes: Any) -> Any:
    """An option that commands do not see: it goes into the choices of the session, whose field has its name."""

    def keep(ctx: click.Context, parameter: click.Parameter, given: Any) -> None:
        if ctx.obj is not None and parameter.name is not None:
            ctx.obj.build_choices[parameter.name] = read(given)

    return click.option(*declarations, expose_value=False, callback=keep, **attributes)


_CACHES = (
    _choose("--cache", "caches", multiple=True, metavar="URI", help="Take results from this binary cache if it can."),
    _choose("--trusted-key", "trusted_keys", multiple=True, metavar="KEY", help="Trust what this key signed."),
    _choose("--no-caches", is_flag=True, help="Fetch no results: build everything here."),
)
_BUILDS = (
    _choose("-j", "--jobs", type=click.IntRange(min=1), help="Build this many derivations at once."),
    _choose("--cores", type=click.IntRange(min=0), help="What a build may use (0: all)."),
    _choose("-K", "--keep-failed", is_flag=True, help="Keep the directory of a failed build, and a shell for it."),
    _choose("-k", "--keep-going", is_flag=True, help="Go on with what does not depend on a failed build."),
    _choose("--timeout", read=_seconds, metavar="TIME", help="Stop a build that takes longer (90, 30m)."),
    _choose("--max-silent-time", read=_seconds, metavar="TIME", help="Stop a build that prints nothing for so long."),
    _choose("--lock-timeout", read=_seconds, metavar="TIME", help="Wait so long for others that build the same (4h)."),
    *_CACHES,
)


def build_settings(command: Command) -> Command:
    """How builds run, and from where their results may come; `Invocation.session` has it."""
    for decorator in reversed(_BUILDS):
        command = decorator(command)
    return command


def log_caches(command: Command) -> Command:
    """Which caches are asked for logs, which need no trust."""
    named = _choose("--cache", "caches", multiple=True, metavar="URI", help="Look into this binary cache, too.")
    none = _choose("--no-caches", is_flag=True, help="Look into no binary cache.")
    return cast("Command", named(none(command)))


def cache_settings(command: Command) -> Command:
    """From where results may come, for commands that build on the way."""
    for decorator in reversed(_CACHES):
        command = decorator(command)
    return command
