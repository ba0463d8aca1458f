"""The expression that a command was given, and its value in the form that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osconf.errors import OsconfError

if TYPE_CHECKING:
    from osconf.cli.context import Invocation
    from osconf.lang.evaluator import Evaluator
    from osconf.rebuild.session import Session


@dataclass(frozen=True, slots=True)
class Expression:
    """A file or a text, the attribute that is meant, and the arguments for functions on the way."""

    file: Path | None
    source: str | None
    attribute: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    string_arguments: tuple[tuple[str, str], ...] = ()
    search_path: tuple[str, ...] = ()
    is_pure: bool = False
    has_pipes: bool = False

    @classmethod
    def from_options(cls, given: Mapping[str, Any], *, default: Path | None = None) -> Expression:
        """Read what `options.expression` declares; `default` is the file when neither FILE nor -E is given."""
        if given["file"] is not None and given["expr"] is not None:
            raise click.UsageError("give a file or -E EXPR, not both")
        if given["expr"] is not None:
            file = None
        elif given["file"] is not None:
            file = Path(given["file"]).absolute()
        elif default is not None:
            file = default
        else:
            raise click.UsageError("give a file or -E EXPR")
        return cls(
            file,
            given["expr"],
            given["attr"],
            tuple(given["args"]),
            tuple(given["string_args"]),
            tuple(given["search_path"]),
            given["is_pure"],
            given["has_pipes"],
        )

    def evaluator(self, session: Session) -> Evaluator:
        """The evaluator for it."""
        return session.evaluator(search_path=self.search_path, is_pure=self.is_pure, pipes=self.has_pipes)

    def text(self) -> str:
        """The source text."""
        if self.source is not None:
            return self.source
        if self.file is None:
            raise OsconfError("there is no expression")
        file = self.file / "default.nix" if self.file.is_dir() else self.file
        try:
            return file.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise OsconfError(f"cannot read {file}: {error.strerror}", code="missing-file") from None

    def label(self) -> str:
        """What messages call the text."""
        return "«string»" if self.file is None else str(self.file)

    def evaluate(self, evaluator: Evaluator) -> Any:
        """The value in weak head normal form, functions on the way called with the arguments."""
        from osconf.lang.values import to_latin

        if self.file is not None:
            if not self.file.exists():
                raise OsconfError(f"there is no file {self.file}", code="missing-file")
            value = evaluator.eval_file(str(self.file))
        else:
            value = evaluator.eval_text(self.source or "", base_dir=str(Path.cwd()), label="«string»")
        arguments = {
            name: evaluator.eval_text(text, base_dir=str(Path.cwd()), label=f"«--arg {name}»")
            for name, text in self.arguments
        }
        arguments.update({name: to_latin(text) for name, text in self.string_arguments})
        if self.attribute:
            return evaluator.select(value, self.attribute, arguments)
        return evaluator.auto_call(value, arguments)


def evaluate_expression(invocation: Invocation, expression: Expression, *, form: str) -> str:
    """Evaluate and print; `form` is plain, strict, json, xml or raw."""
    from osconf.lang.evaluator import run_deep

    def work() -> str:
        evaluator = expression.evaluator(invocation.session)
        return show(evaluator, expression.evaluate(evaluator), form)

    return run_deep(work)


def show(evaluator: Evaluator, value: Any, form: str) -> str:
    """The text of a value as ordinary Python text."""
    match form:
        case "json":
            from osconf.lang.json import to_json

            return to_json(value)
        case "xml":
            from osconf.lang.xml import to_xml

            return to_xml(value, strict=True)
        case "raw":
            from osconf.lang.runtime import coerce_to_string
            from osconf.lang.values import from_latin

            return from_latin(coerce_to_string(value))
        case _:
            from osconf.lang.show import show_value

            return show_value(value, strict=form == "strict")


def show_python(invocation: Invocation, expression: Expression) -> str:
    """The Python functions that the expression is compiled to."""
    from osconf.lang.evaluator import run_deep

    base = str(Path.cwd() if expression.file is None else expression.file.parent)
    evaluator = expression.evaluator(invocation.session)
    return run_deep(lambda: evaluator.dump_python(expression.text(), base, expression.label()))
