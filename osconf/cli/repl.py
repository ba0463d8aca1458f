"""`osconf repl`: explore expressions."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from osconf.cli import options
from osconf.cli.context import Invocation
from osconf.errors import OsconfError, Position

if TYPE_CHECKING:
    from osconf.lang.features import Features
    from osconf.lang.repl import Repl
    from osconf.rebuild.session import Session

PROMPT, CONTINUATION = "osconf> ", "      … "
HISTORY_LENGTH = 10_000


@click.command("repl")
@click.argument("files", nargs=-1)
@click.option("-I", "--include", "search_path", multiple=True, metavar="NAME=PATH", help="Extend <…> lookups.")
@options.experimental_features
@click.pass_obj
def repl(invocation: Invocation, files: tuple[str, ...], search_path: tuple[str, ...], features: Features) -> None:
    """Read expressions and print their values; FILES are loaded first, `:?` lists the commands.

    \b
    Example:
      osconf repl '<osconf/lib>'
    """
    from osconf.lang.repl import Repl

    session = invocation.session
    if Path(f"{session.root}{session.store_dir}").is_dir():
        # Every answer has a thread of its own: what opening the store prepares must hold for all of them.
        with contextlib.suppress(OsconfError):
            session.prepare()
    evaluator = session.evaluator(search_path=search_path, features=features)
    read = Repl(evaluator, TerminalActions(session), str(Path.cwd()))
    with line_editing(read, session.cache_dir / "repl-history"):
        talk(read, files)


class TerminalActions:
    """What the REPL's commands do outside the language."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def build(self, drv_path: str) -> Mapping[str, str]:
        """Build a derivation that was evaluated."""
        self.session.commit()
        return self.session.realise([drv_path])[drv_path]

    def edit(self, position: Position) -> None:
        """Open `$EDITOR` at a place."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if editor is not None and position.line > 1:
            editor = f"{editor} +{position.line}"
        click.edit(filename=position.file, editor=editor)


def talk(read: Repl, files: tuple[str, ...]) -> None:
    """Load the files, then read and answer until the end."""
    for file in files:
        answer(read, f":load {file}")
    while (text := read_text(read)) is not None:
        if not answer(read, text):
            return


def read_text(read: Repl) -> str | None:
    """One complete text from the terminal; None at its end. Control-C drops what was typed."""
    lines: list[str] = []
    while True:
        try:
            lines.append(input(CONTINUATION if lines else PROMPT))
        except EOFError:
            click.echo()
            return None
        except KeyboardInterrupt:
            click.echo()
            lines.clear()
            continue
        text = "\n".join(lines)
        # An empty line ends what will never be complete.
        if read.is_complete(text) or not lines[-1].strip():
            return text


def answer(read: Repl, text: str) -> bool:
    """Execute a text and print what it gives; False when the session is over."""
    from osconf.lang.diagnose import render_error
    from osconf.lang.evaluator import run_deep

    try:
        reply = run_deep(lambda: read.execute(text))
    except OsconfError as error:
        click.echo(render_error(error), err=True)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
    else:
        if reply.text:
            click.echo(reply.text)
        return not reply.is_over
    return True


@contextlib.contextmanager
def line_editing(read: Repl, history: Path) -> Iterator[None]:
    """Editing, completion and a history that lasts; plain input where readline is missing."""
    try:
        import readline
    except ImportError:
        yield
        return

    def complete(_word: str, index: int) -> str | None:
        from osconf.lang.evaluator import run_deep

        return [*run_deep(lambda: read.complete(readline.get_line_buffer())), None][index]

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n(){}[];=+*!<>|&@")
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(HISTORY_LENGTH)
    with contextlib.suppress(OSError):
        readline.read_history_file(history)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history)


COMMANDS = {"repl": repl}
