"""How primops reach files: from a value to a path, from the world's refusals to errors of the language."""

from __future__ import annotations

from collections.abc import Iterable

from osconf.errors import EvalError
from osconf.lang.primops.registry import current
from osconf.lang.runtime import canonical_path, coerce_to_string
from osconf.lang.values import Path, Value, context_of, from_latin


def path_text(value: Value) -> str:
    """The text of a path argument as it was written; what its context refers to is built."""
    if type(value) is Path:
        return value.text
    try:
        text = coerce_to_string(value)
    except EvalError as error:
        error.while_("while realising the context of a path")
        raise
    if not text.startswith("/"):
        raise EvalError(f"string '{text}' doesn't represent an absolute path", code="not-absolute")
    context = context_of(text)
    if context:
        realise_context(context)
    return str.__str__(text)


def realise_path(value: Value) -> str:
    """The canonical path that an argument means; what its context refers to is built."""
    return canonical_path(path_text(value))


def realise_context(context: Iterable[str]) -> None:
    """Build what a string refers to, so that the files are there: import from derivation."""
    wanted = [element for element in context if not element.startswith("=")]
    if wanted:
        current().world.realise(wanted)


def read_bytes(path: str) -> bytes:
    """The content of a file."""
    try:
        return current().world.read_file(path)
    except OSError as error:
        raise explain(error, path, "opening file") from error


def read_directory(path: str) -> dict[str, str]:
    """Name to kind of the entries of a directory."""
    try:
        return current().world.read_dir(path)
    except OSError as error:
        raise explain(error, path, "reading directory") from error


def explain(error: OSError, path: str, doing: str) -> EvalError:
    """An error of the operating system in the words of the language."""
    shown = from_latin(path)
    if isinstance(error, FileNotFoundError) and doing != "opening file":
        return EvalError(f"path '{shown}' does not exist", code="no-such-path")
    if isinstance(error, IsADirectoryError):
        doing = "reading from file"
    return EvalError(f"{doing} '{shown}': {error.strerror}", code="file-access")
