"""The command table, the options every command has, and how an error ends the program.

The table holds each command's module and its one-line help, so that `osconf --help` imports no command.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from osconf import __version__
from osconf.errors import BuildError, OsconfError

# Lines that the mistakes of a configuration may take, so that the first one stays in sight.
_SCREEN = 36
# As many new objects as wait for the search for cycles.
_COLLECT_AFTER = 5_000_000

# name -> (module in osconf.cli, one-line help)
COMMANDS: dict[str, tuple[str, str]] = {
    "switch": ("switch", "Build the configuration, activate it and make it the boot default."),
    "boot": ("switch", "Build the configuration and make it the boot default, without activating it."),
    "test": ("switch", "Build and activate the configuration; the boot default stays."),
    "plan": ("switch", "Say what a switch would do."),
    "check": ("switch", "Evaluate the configuration and check that this machine can switch to it."),
    "rollback": ("switch", "Go back to the previous generation."),
    "build": ("build", "Build the system, a file or an expression."),
    "build-vm": ("build_vm", "Build a script that boots the configuration in QEMU."),
    "build-image": ("build_image", "Build a bootable disk image of the configuration."),
    "generations": ("generations", "List, compare, delete and choose generations of the system."),
    "status": ("status", "Say what runs, what boots next and what still runs old code."),
    "option": ("option", "Say what an option is, what it is set to, and by whom."),
    "search": ("search", "Find packages, or options with --options."),
    "lock": ("lock", "Show or update which archive packages the configuration gets."),
    "eval": ("evaluate", "Evaluate a file or an expression."),
    "parse": ("parse", "Check the syntax of files or an expression, and print them."),
    "instantiate": ("instantiate", "Write the derivations of an expression or the system to the store."),
    "repl": ("repl", "Explore expressions interactively."),
    "shell": ("shell", "Run a command or a shell in an environment of packages."),
    "profile": ("profile", "Install packages for yourself."),
    "enter": ("enter", "Open a shell in a service's environment."),
    "store": ("store", "Look at and maintain the store."),
    "copy": ("copy", "Copy store paths to or from binary caches and machines."),
    "key": ("key", "Make keys that sign store paths."),
    "log": ("log", "Show the log of a build."),
    "daemon": ("daemon", "Build and register in the store for users who may not write it."),
    "gc": ("gc", "Delete what no generation, result or process needs."),
}


class CommandTable(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"osconf.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `osconf {near[0]}`?" if near else " `osconf --help` lists the commands."
            ctx.fail(f"there is no command `{args[0]}`.{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--store", "store_root", metavar="ROOT", help="Use the store below ROOT (ROOT/osconf/store).")
@click.option("--show-trace", is_flag=True, help="Show everything that led to an error.")
@click.option("--debug", is_flag=True, help="Show Python tracebacks and commands as they are run.")
@click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
@click.option("-v", "--verbose", count=True, help="Say more about what is done.")
@click.version_option(__version__, prog_name="osconf")
@click.pass_context
def program(
    ctx: click.Context, store_root: str | None, show_trace: bool, debug: bool, quiet: bool, verbose: int
) -> None:
    """One text says what a machine is; osconf makes it so, and can always go back.

    \b
    Example:
      osconf build-vm -c examples/webserver.nix && result/bin/run-*-vm
    """
    from osconf.cli.context import Invocation

    if quiet or debug or verbose:
        # What Python does unasked is right otherwise: warnings, as they are, to standard error.
        import logging

        level = logging.DEBUG if debug or verbose > 1 else logging.INFO
        logging.basicConfig(level=logging.ERROR if quiet else level, format="%(message)s", stream=sys.stderr)
    ctx.obj = Invocation.from_options(
        os.environ,
        store_root=store_root,
        show_trace=show_trace,
        debug=debug,
        quiet=quiet,
        verbose=verbose,
        arguments=ctx.obj,
    )
    ctx.call_on_close(ctx.obj.close)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave: 0 ok, 1 the user's error, 2 usage, 3 build failed, 4 and 5 after a switch."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # The values of an evaluation live as long as the program: looking for cycles among them frees nothing, and a pass
    # over all of them when an evaluation ends takes a quarter of its time.
    gc.set_threshold(_COLLECT_AFTER, 50, 1000)
    _prepare_streams()
    code = guard(lambda: program(arguments, prog_name="osconf", standalone_mode=False, obj=arguments), arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    # Tearing down a large heap of values costs more than the operating system needs to drop it.
    os._exit(code)


def _prepare_streams() -> None:
    """Give those of the standard streams that were closed a place, which must not become that of another file.

    Names of files need not be text: what is printed of them are their bytes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open until the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


def guard(action: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run an action; turn what it raises into what the user sees and the exit code."""
    wants_debug = "--debug" in arguments
    try:
        result = action()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except OsconfError as error:
        if wants_debug:
            import traceback

            traceback.print_exc()
        own = arguments[: arguments.index("--")] if "--" in arguments else arguments
        show_error(error, show_trace="--show-trace" in own, as_json="--json" in own)
        return error.exit_code
    except BrokenPipeError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        return 141
    except OSError as error:
        if wants_debug:
            raise
        show_error(_explain_os_error(error), show_trace=False)
        return 1
    return result if isinstance(result, int) else 0


def show_error(error: OsconfError, *, show_trace: bool, as_json: bool = False) -> None:
    """Print an error for a person: one screen, their own line, what to do next; or as an object for a program."""
    if as_json:
        import json

        from osconf.lang.error_json import describe_error

        click.echo(json.dumps({"error": describe_error(error)}, ensure_ascii=False), err=True)
        return
    from osconf.lang.diagnose import render_error

    is_terminal = sys.stderr.isatty()
    color = is_terminal and "NO_COLOR" not in os.environ
    width = os.get_terminal_size(sys.stderr.fileno()).columns if is_terminal else 0
    shown = render_error(error, show_trace=show_trace, color=color, width=width)
    left = len(error.related)
    for other in error.related:
        text = f"{shown}\n\n{render_error(other, color=color, width=width, offers_trace=False)}"
        if text.count("\n") > _SCREEN:
            break
        shown, left = text, left - 1
    if left:
        shown += f"\n\n… and {left} more mistake{'s' if left > 1 else ''}"
    click.echo(shown, err=True)
    if isinstance(error, BuildError) and error.log_tail:
        click.echo("the end of its log:\n" + textwrap.indent(error.log_tail.rstrip(), "  | "), err=True)


def _explain_os_error(error: OSError) -> OsconfError:
    place = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, (str, bytes)) and error.filename else ""
    hint = None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "the disk is full of the store (`osconf gc` frees some space), of the download cache or of the output"
    return OsconfError(f"{error.strerror or error}{place}", hint=hint)
