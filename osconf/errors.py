"""The one family of errors that osconf shows to people.

Every error carries a kebab-case `code`, a message, an optional source position, a hint (what to do next) and the
frames that were being worked on when it happened. `cli` alone renders and exits; libraries only raise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source text: `file` is a path or a label such as `«string»`; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Frame:
    """What was being done when the error happened, innermost first in `OsconfError.frames`."""

    doing: str
    position: Position | None = None
    at: TracebackType | None = field(default=None, compare=False, repr=False)
    """Where on the error's traceback it was recorded: its place among the steps that led to the error."""


class OsconfError(Exception):
    """A mistake or a fault that is explained to the user, never shown as a traceback."""

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        position: Position | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint
        self.frames: list[Frame] = []
        self.related: list[OsconfError] = []
        """Other mistakes of the same input, found by looking on: shown after this one."""
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message

    def while_(self, doing: str, position: Position | None = None) -> OsconfError:
        """Record what was being done, for the trace; returns self so that `raise error.while_(…)` reads well."""
        self.frames.append(Frame(doing, position, self.__traceback__))
        return self


class EvalError(OsconfError):
    """An expression cannot be evaluated."""

    code = "evaluation-failed"


class Throw(EvalError):
    """`throw`, which `builtins.tryEval` catches."""

    code = "thrown"


class AssertionFailed(Throw):
    """A failed `assert`, which `builtins.tryEval` catches."""

    code = "assertion-failed"


class SyntaxFailure(EvalError):
    """A text is not in the language."""

    code = "syntax-error"


class OptionError(Throw):
    """A configuration does not fit the options that are declared; caught by `tryEval`, like `throw`."""

    code = "option-error"


class ArchiveError(OsconfError):
    """The Debian archive, its index, its lock or a package cannot be used."""

    code = "archive-error"


class StoreError(OsconfError):
    """The store refuses an operation or is damaged."""

    code = "store-error"


class BuildError(OsconfError):
    """A derivation did not build."""

    code = "build-failed"
    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        drv: str | None = None,
        log_tail: str = "",
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.drv = drv
        self.log_tail = log_tail


class ActivationError(OsconfError):
    """A switch did not finish; `done` and `pending` name its steps."""

    code = "activation-failed"
    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        done: tuple[str, ...] = (),
        pending: tuple[str, ...] = (),
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.done = done
        self.pending = pending
