"""The expressions that a command was given, and their values in the form that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osconf.errors import OsconfError
from osconf.lang.features import NO_FEATURES, Features

if TYPE_CHECKING:
    from osconf.cli.context import Invocation
    from osconf.lang.evaluator import Evaluator
    from osconf.rebuild.session import Session

DEFAULT_FILE = "default.nix"
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Expression:
    """Files or texts, the attributes that are meant, and the arguments for functions on the way."""

    files: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    named_arguments: tuple[tuple[str, str], ...] = ()
    string_arguments: tuple[tuple[str, str], ...] = ()
    search_path: tuple[str, ...] = ()
    is_pure: bool = False
    is_restricted: bool = False
    allowed_uris: tuple[str, ...] = ()
    features: Features = NO_FEATURES

    @classmethod
    def from_options(cls, given: Mapping[str, Any]) -> Expression:
        """Read what `options.expression` declares; without FILE and -E, `default.nix` is meant where there is one."""
        files, texts = tuple(given["files"]), tuple(given["exprs"])
        if files and texts:
            raise click.UsageError("give files or -E EXPR, not both")
        if not files and not texts:
            if not Path(DEFAULT_FILE).exists():
                raise click.UsageError("give a file or -E EXPR")
            files = (DEFAULT_FILE,)
        return cls(
            files,
            texts,
            tuple(given["attributes"]),
            tuple(given["args"]),
            tuple(given["string_args"]),
            tuple(given["search_path"]),
            given["is_pure"],
            given["is_restricted"],
            tuple(" ".join(given["allowed_uris"]).split()),
            given["features"],
        )

    def evaluator(self, session: Session) -> Evaluator:
        """The evaluator for it."""
        if STANDARD_INPUT in self.files and session.evidence is not None:
            session.evidence.object("what comes from standard input is read once")
        return session.evaluator(
            search_path=self.search_path,
            is_pure=self.is_pure,
            is_restricted=self.is_restricted,
            allowed_uris=self.allowed_uris,
            features=self.features,
        )

    def arguments(self, evaluator: Evaluator) -> dict[str, Any]:
        """The values of `--arg` and `--argstr`."""
        from osconf.lang.values import to_latin

        base = str(Path.cwd())
        return {
            **{name: evaluator.eval_text(text, base, f"«--arg {name}»") for name, text in self.named_arguments},
            **{name: to_latin(text) for name, text in self.string_arguments},
        }

    def values(self, evaluator: Evaluator, *, is_exact: bool = False) -> Iterator[Any]:
        """The values that are meant, one for every attribute of every file or text, forced but not called.

        `is_exact` leaves unevaluated in them what Nix does.
        """
        arguments = self.arguments(evaluator)
        for root in self._roots(evaluator, is_exact):
            for attribute in self.attributes or ("",):
                yield evaluator.select(root, attribute, arguments)

    def _roots(self, evaluator: Evaluator, is_exact: bool) -> Iterator[Any]:
        for text in self.texts:
            yield evaluator.eval_text(text, base_dir=str(Path.cwd()), is_exact=is_exact)
        for file in self.files:
            if file == STANDARD_INPUT:
                text, base = read_standard_input(), str(Path.cwd())
                yield evaluator.eval_text(text, base_dir=base, label="«stdin»", is_exact=is_exact)
            else:
                yield evaluator.import_value(find_source(evaluator, file), is_exact=is_exact)


def find_source(evaluator: Evaluator, file: str) -> str:
    """The path, as the language writes it, of a file that is given as a path, as `<name>` or as an address."""
    from osconf.lang.coercion import canonical_path
    from osconf.lang.search_path import fetch_address, is_address
    from osconf.lang.values import to_latin

    if file.startswith("<") and file.endswith(">"):
        found: str = evaluator.find_file(to_latin(file[1:-1])).text
        return found
    if is_address(file):
        return fetch_address(to_latin(file), evaluator.world)
    if not Path(file).exists():
        raise OsconfError(f"path '{Path(file).absolute()}' does not exist", code="missing-file")
    return canonical_path(to_latin(str(Path(file).absolute())))


def read_standard_input() -> str:
    """The text on standard input."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def read_source(file: str) -> tuple[str, str, str]:
    """The text of a file (of a directory's `default.nix`, of standard input), the folder it is in, and its name."""
    if file == STANDARD_INPUT:
        return read_standard_input(), str(Path.cwd()), "«stdin»"
    path = Path(file).absolute()
    path = path / DEFAULT_FILE if path.is_dir() else path
    try:
        # Not `read_text`: line ends stay what they are.
        return path.read_bytes().decode("utf-8", "surrogateescape"), str(path.parent), str(path)
    except FileNotFoundError:
        raise OsconfError(f"path '{path}' does not exist", code="missing-file") from None
    except OSError as error:
        raise OsconfError(f"cannot read {path}: {error.strerror}", code="missing-file") from None


def find_names(invocation: Invocation, expression: Expression) -> list[str]:
    """Where `<name>` is, for each name that stands in the place of a file."""
    from osconf.lang.evaluator import run_deep
    from osconf.lang.values import from_latin, to_latin

    def work() -> list[str]:
        evaluator = expression.evaluator(invocation.session)
        return [f"{from_latin(evaluator.find_file(to_latin(name)).text)}\n" for name in expression.files]

    return run_deep(work)


def show_values(invocation: Invocation, expression: Expression, *, form: str, is_strict: bool) -> list[str]:
    """Evaluate, and print each value; `form` is plain, json, xml, placeless (XML without places) or raw."""
    from osconf.lang.evaluator import run_deep

    def work() -> list[str]:
        evaluator = expression.evaluator(invocation.session)
        arguments = expression.arguments(evaluator)
        is_exact = not is_strict and form in ("plain", "xml", "placeless")
        return [
            show(evaluator.auto_call(value, arguments) if arguments else value, form, is_strict)
            for value in expression.values(evaluator, is_exact=is_exact)
        ]

    return run_deep(work)


def show(value: Any, form: str, is_strict: bool) -> str:
    """The text of a value as ordinary Python text."""
    match form:
        case "json":
            from osconf.lang.json import to_json

            return f"{to_json(value)}\n"
        case "xml" | "placeless":
            from osconf.lang.xml import to_xml

            return to_xml(value, strict=is_strict, show_positions=form == "xml")
        case "raw":
            from osconf.lang.runtime import coerce_to_string
            from osconf.lang.values import from_latin

            return from_latin(coerce_to_string(value, copy_to_store=True))
        case _:
            from osconf.lang.show import show_value

            return f"{show_value(value, strict=is_strict)}\n"


def show_python(invocation: Invocation, expression: Expression) -> str:
    """The Python functions that the expressions are compiled to."""
    from osconf.lang.evaluator import run_deep

    evaluator = expression.evaluator(invocation.session)
    sources = [(text, str(Path.cwd()), "«string»") for text in expression.texts]
    sources += [read_source(file) for file in expression.files]
    return run_deep(lambda: "\n".join(evaluator.dump_python(*source) for source in sources))
