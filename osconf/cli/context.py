"""What every command is given: where the store is, which configuration is meant, how much to say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osconf.errors import OsconfError
from osconf.model.store_path import DEFAULT_STORE_DIR

if TYPE_CHECKING:
    from osconf.build.reporter import Reporter
    from osconf.rebuild.session import Session

DEFAULT_CONFIGURATION = "/etc/osconf/configuration.nix"


def _store_directory(environment: Mapping[str, str]) -> str:
    """The logical store directory, which is part of every hash, in its one spelling."""
    given = environment.get("OSCONF_STORE_DIR") or DEFAULT_STORE_DIR
    parts = [part for part in given.split("/") if part not in ("", ".")]
    if not given.startswith("/") or ".." in parts or not parts:
        raise OsconfError(
            f"OSCONF_STORE_DIR cannot be '{given}'",
            code="bad-store-directory",
            hint="it is an absolute path without '..', such as /osconf/store or /nix/store",
        )
    return f"/{'/'.join(parts)}"


@dataclass(frozen=True)
class Invocation:
    """The options and the environment of one call of the program."""

    environment: Mapping[str, str]
    store_root: Path
    store_dir: str
    show_trace: bool = False
    debug: bool = False
    quiet: bool = False
    verbose: int = 0
    arguments: Sequence[str] | None = None
    """The words of the command line, where the program was called with some."""
    store_place: str = ""
    """The store's root as it was named: links on the way may lead elsewhere tomorrow."""
    warnings: list[str] = field(default_factory=list)
    """What `warn` said."""
    build_choices: dict[str, Any] = field(default_factory=dict)
    """What the command line says about builds: fields of `BuildChoices`, filled while it is read."""

    @classmethod
    def from_options(
        cls,
        environment: Mapping[str, str],
        *,
        store_root: str | None,
        show_trace: bool,
        debug: bool,
        quiet: bool,
        verbose: int,
        arguments: Sequence[str] | None = None,
    ) -> Invocation:
        root = store_root or environment.get("OSCONF_STORE") or "/"
        return cls(
            environment,
            # Another way to say the same place must be the same store: result links hold its name.
            Path(root).resolve(),
            _store_directory(environment),
            show_trace,
            debug,
            quiet,
            verbose,
            arguments,
            str(Path(root).absolute()),
        )

    def configuration(self, given: str | None) -> Path:
        """The configuration that is meant: `-c`, `OSCONF_CONFIG`, or the machine's own."""
        path = Path(given or self.environment.get("OSCONF_CONFIG") or DEFAULT_CONFIGURATION).absolute()
        if path.is_dir():
            path = path / "configuration.nix"
        if not path.exists():
            raise OsconfError(
                f"there is no configuration at {path}",
                code="no-configuration",
                hint="name one with `-c FILE`, or write it there; examples/webserver.nix is a start",
            )
        return path

    @property
    def is_terminal(self) -> bool:
        """Whether progress may be drawn."""
        return os.isatty(2) and not self.quiet and self.environment.get("TERM") != "dumb"

    @cached_property
    def session(self) -> Session:
        """The store and the evaluator, opened when a command first needs them."""
        return self.open_session()

    def open_session(self) -> Session:
        """A new session; whoever asks for one closes it."""
        from osconf.rebuild.session import Session

        return Session.open(
            root=self.store_root,
            store_dir=self.store_dir,
            environment=self.environment,
            make_reporter=self._make_reporter,
        ).with_settings(**self.build_choices)

    # What the user sees

    def warn(self, text: str) -> None:
        """Say something that every call like this one has to say."""
        click.echo(f"warning: {text}", err=True)
        self.warnings.append(text)

    def print_outcome(self, lines: Sequence[str], paths: Iterable[str], links: Mapping[Path, str]) -> None:
        """Print lines; the next call like this one only prints them, while what they rest on is as it is.

        They rest on what the session's evaluations looked at, on these store paths, and on these links to store paths.
        """
        # The names of links are bytes, whatever the encoding of the terminal.
        output = os.fsencode("".join(f"{line}\n" for line in lines))
        click.echo(output, nl=False)
        if self.arguments is None or self.warnings or self.verbose or self.debug:
            return
        from osconf.memo.outcome import Memo

        memo = Memo.of_user(self.environment)
        evidence = None if memo is None else self.session.evidence_for(paths, links)
        if memo is not None and evidence is not None:
            evidence.resolved(self.store_place, str(self.store_root))
            memo.keep(self.arguments, self.environment, output, evidence)

    def _make_reporter(self) -> Reporter:
        from osconf.cli.progress import make_reporter

        return make_reporter(self)

    def close(self) -> None:
        """Let go of what the command opened."""
        if "session" in self.__dict__:
            self.session.close()
