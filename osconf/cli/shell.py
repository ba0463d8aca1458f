"""`osconf shell`: packages for the length of a command, or the environment in which something is built."""

from __future__ import annotations

from pathlib import Path

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.cli.expressions import Expression

_DEFAULT_FILES = ("shell.nix", "default.nix")


@click.command("shell")
@click.option("-p", "--packages", multiple=True, metavar="NAME", help="A package (may be repeated).")
@click.option("-E", "--expr", "exprs", multiple=True, metavar="EXPR", help="Take this expression, not a file.")
@click.option("-A", "--attr", "attributes", multiple=True, metavar="PATH", help="Take this of the result.")
@click.option("--arg", "args", nargs=2, multiple=True, metavar="NAME EXPR", help="Pass an argument.")
@click.option("--argstr", "string_args", nargs=2, multiple=True, metavar="NAME TEXT", help="Pass a string.")
@click.option("--run", "command", metavar="CMD", help="Run this instead of an interactive shell.")
@click.option("--pure", "is_pure", is_flag=True, help="See nothing of the machine's /etc, nor of your variables.")
@click.option("-c", "--config", metavar="FILE", help="Take the packages from this configuration's lock.")
@options.cache_settings
@click.argument("names", nargs=-1, metavar="[FILE | NAME…]")
@click.pass_obj
def shell(
    invocation: Invocation,
    /,
    packages: tuple[str, ...],
    exprs: tuple[str, ...],
    attributes: tuple[str, ...],
    args: tuple[tuple[str, str], ...],
    string_args: tuple[tuple[str, str], ...],
    command: str | None,
    is_pure: bool,
    config: str | None,
    names: tuple[str, ...],
) -> int:
    """Open a shell, or run a command, where /usr holds the packages and what they need; nothing is installed.

    Without -p, it is the environment in which FILE (shell.nix or default.nix) is built, with its variables, the
    functions of its phases and its `shellHook`.

    \b
    Example:
      osconf shell -p git --run 'git --version'
      osconf shell -p gcc make libssl-dev
      osconf shell shell.nix
    """
    session = invocation.session
    if packages:
        from osconf.rebuild.shell import build_package_environment, run_inside

        configuration = None if config is None else Path(config).absolute()
        environment = build_package_environment(session, [*packages, *names], configuration)
        return run_inside(session, environment, command, is_pure=is_pure)
    from osconf.rebuild.configuration import instantiate_expression
    from osconf.rebuild.develop import enter_build

    if len(names) > 1:
        raise click.UsageError("name one file, or packages with -p")
    files = names or tuple(name for name in _DEFAULT_FILES if Path(name).exists())[: 0 if exprs else 1]
    if not (files or exprs):
        raise click.UsageError("name packages with -p, or a file; there is no shell.nix here")
    given = Expression(files, exprs, attributes, args, string_args)
    wanted = instantiate_expression(session, given.evaluator, given.values, given.arguments)
    if len(wanted) != 1:
        raise click.UsageError(f"{len(wanted)} derivations are meant: select one with -A")
    return enter_build(session, wanted[0], command, is_pure=is_pure)


COMMANDS = {"shell": shell}
