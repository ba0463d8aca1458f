"""The logic of the REPL: what a line means, the variables in scope, completion. Talking to the terminal is cli's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from osconf.errors import EvalError, OsconfError, Position, SyntaxFailure
from osconf.lang.evaluator import Evaluator
from osconf.lang.parser import parse
from osconf.lang.primops.index import CONSTANT_NAMES, INDEX
from osconf.lang.primops.registry import GLOBAL_CONSTANTS, primop_of, visible_names
from osconf.lang.runtime import (
    attr_position,
    coerce_to_string,
    expect_attrs,
    function_pattern,
    function_position,
    is_attrs,
    is_derivation,
    show_type,
)
from osconf.lang.show import KEYWORDS, PrintOptions, print_value, quote_name
from osconf.lang.source import Source
from osconf.lang.values import Value, from_latin, to_latin

# What the parser says of a text that only lacks its end.
_UNFINISHED = ("unexpected end of file",)
_NAME = r"[a-zA-Z_][a-zA-Z0-9_'-]*"
_IDENTIFIERS = re.compile(_NAME)
_BINDING = re.compile(rf"\s*(?:inherit\b|(?:{_NAME}|\"[^\"]*\")(?:\.(?:{_NAME}|\"[^\"]*\"))*\s*=(?!=))")
_COMMAND = re.compile(r"\s*:([a-z?]+)(?:\s+(.*))?\Z", re.DOTALL)
_WORD = re.compile(rf"((?:{_NAME}\.)*)({_NAME}|)\Z")
_PATH = re.compile(r"((?:\.\.?|~)?/[^\s;\"']*/?|\.\.?/)\Z")
_DEFINED = rf"\s*(?:(?:{_NAME}|\")+\s*=\s*)?\(*\s*\Z"
_COMMENT = re.compile(
    rf"/\*\*?((?:(?!\*/).)*)\*/{_DEFINED}|((?:^[ \t]*\#[^\n]*\n)+){_DEFINED}", re.DOTALL | re.MULTILINE
)


class ReplActions(Protocol):
    """What a REPL asks of its surroundings."""

    def build(self, drv_path: str) -> Mapping[str, str]:
        """Build a derivation: output name -> store path."""
        ...

    def edit(self, position: Position) -> None:
        """Open an editor."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a line gives: a text to show, or the end."""

    text: str = ""
    is_over: bool = False


class Repl:
    """One session: variables, loaded files, and the commands."""

    def __init__(self, evaluator: Evaluator, actions: ReplActions, base_dir: str = "/") -> None:
        self.evaluator = evaluator
        self.actions = actions
        self.base_dir = base_dir
        # Sets whose members are in scope, the last one first in sight.
        self.layers: list[Any] = []
        self.loaded: list[str] = []
        self.inputs = 0

    # Lines

    def is_complete(self, text: str) -> bool:
        """Whether a text can be executed as it is; False when it only lacks its end."""
        command = _COMMAND.match(text)
        if command:
            text = command[2] or "" if COMMANDS.get(command[1], _NO_COMMAND).takes_expression else ""
        if not text.strip():
            return True
        if _is_binding(text):
            return self.lacks_end(_as_set(text)) is None or not self.lacks_end(f"{{ {text}")
        return not self.lacks_end(text)

    def lacks_end(self, text: str) -> bool | None:
        """Whether a text is refused for what it lacks (True) or what it holds (False); None when it is not refused."""
        try:
            parse(Source("«input»", to_latin(text)), pipes=self.evaluator.settings.pipes)
        except SyntaxFailure as failure:
            return any(sign in failure.message for sign in _UNFINISHED)
        return None

    def execute(self, text: str) -> Reply:
        """Do what a complete text says; raises `OsconfError`."""
        command = _COMMAND.match(text)
        if command:
            return self.run_command(command[1], (command[2] or "").strip())
        if not text.strip() or all(line.lstrip().startswith("#") for line in text.splitlines()):
            return Reply()
        if _is_binding(text):
            self.layers.append(self.evaluate(_as_set(text)))
            return Reply()
        return Reply(self.show(self.evaluate(text), deep=False))

    def run_command(self, name: str, argument: str) -> Reply:
        """Execute `:name argument`."""
        command = COMMANDS.get(name)
        if command is None:
            raise EvalError(f"unknown command ':{name}'", code="unknown-command", hint=":? lists the commands")
        if command.argument and not argument:
            raise EvalError(f"':{name}' needs {command.argument}", code="missing-argument")
        return command.run(self, argument)

    # Values

    def evaluate(self, text: str) -> Value:
        """The value of an expression with the session's variables in scope."""
        self.inputs += 1
        label = f"«input {self.inputs}»"
        return self.evaluator.eval_text(text, self.base_dir, label, scope=self.scope_of(text))

    def scope_of(self, text: str) -> dict[str, Value]:
        """The variables that a text may mean: only these are looked up, for a package set has tens of thousands."""
        scope: dict[str, Value] = {}
        for name in set(_IDENTIFIERS.findall(to_latin(text))):
            for layer in reversed(self.layers):
                if name in layer:
                    scope[name] = layer[name]
                    break
        return scope

    def show(self, value: Value, *, deep: bool) -> str:
        """A value as people read it: one level of it, or everything."""
        if deep and isinstance(value, str):
            return from_latin(str.__str__(value))
        options = PrintOptions(force=True, derivation_paths=True, max_depth=None if deep else 1, indent=2)
        return from_latin(print_value(value, options))

    def add_members(self, value: Value) -> Reply:
        """Bring a set's members into scope."""
        attrs = self.evaluator.auto_call(value, {})
        if not is_attrs(attrs):
            raise EvalError(f"expected a set but found {show_type(attrs)}", code="wrong-type")
        self.layers.append(attrs)
        return Reply(f"added {len(attrs)} variables")

    def load(self, target: str) -> Reply:
        """Load a file, a folder or a `<…>` path and bring its members into scope."""
        reply = self.add_members(self.evaluate(_importing(target)))
        if target not in self.loaded:
            self.loaded.append(target)
        return reply

    def reload(self) -> Reply:
        """Forget the files that were read and load again what was loaded."""
        self.evaluator.forget_files()
        self.layers.clear()
        replies = [self.load(target) for target in list(self.loaded)]
        return Reply("\n".join(reply.text for reply in replies))

    def build(self, text: str) -> Reply:
        """Build a derivation and list its outputs."""
        value = self.evaluator.force(self.evaluate(text))
        if not is_derivation(value):
            raise EvalError(f"expected a derivation but found {show_type(value)}", code="not-a-derivation")
        outputs = self.actions.build(from_latin(coerce_to_string(self.evaluator.force(value["drvPath"]))))
        return Reply("\n".join(f"{name} -> {path}" for name, path in sorted(outputs.items())))

    def edit(self, text: str) -> Reply:
        """Open the place where a function, a derivation or a file is written, then load again."""
        position = self.find_position(self.evaluate(text))
        if position is None:
            raise EvalError("it is not known where this was written", code="no-position")
        self.actions.edit(position)
        return self.reload()

    def find_position(self, value: Value) -> Position | None:
        """Where a value comes from: a function, `meta.position`, the `name` of a set, or a path itself."""
        if is_attrs(value):
            if "__functor" in value:
                return function_position(self.evaluator.force(value["__functor"]))
            meta = self.evaluator.force(value["meta"]) if "meta" in value else {}
            if "position" in expect_attrs(meta):
                file, _, line = from_latin(coerce_to_string(meta["position"])).rpartition(":")
                return Position(file, int(line), 1) if line.isdigit() else None
            return next((found for name in ("name", *sorted(value)[:1]) if (found := attr_position(value, name))), None)
        found = function_position(value)
        if found is not None or primop_of(value) is not None:
            return found
        try:
            return Position(from_latin(coerce_to_string(value)), 1, 1)
        except OsconfError:
            return None

    def document(self, expression: str) -> Reply:
        """What is known about a function: a builtin's documentation, or the comment above its definition."""
        value = self.evaluate(expression)
        primop = primop_of(value)
        if primop is not None:
            body = "\n".join(line.removeprefix("    ") for line in primop.documentation.strip().splitlines())
            return Reply(f"builtins.{primop.name}\n{body}")
        pattern = function_pattern(value)
        if pattern is None:
            raise EvalError(f"{show_type(value)} has no documentation", code="no-documentation")
        lines = [f"function {pattern.name or ''}".rstrip() + f" at {function_position(value)}"]
        comment = _COMMENT.search(value.__globals__["SOURCE"].text[: pattern.offset])
        if comment:
            text = from_latin(comment[1] or comment[2])
            lines += ["", *(line.strip().removeprefix("*").lstrip("#").strip() for line in text.strip().splitlines())]
        return Reply("\n".join(lines).strip())

    # Completion

    def complete(self, text: str) -> list[str]:
        """Everything that the last word of a text may become, whole words."""
        if re.fullmatch(r":[a-z]*", text):
            return sorted(f":{name}" for name in COMMANDS if f":{name}".startswith(text))
        path = _PATH.search(text)
        if path:
            return self.complete_path(path[1])
        found = _WORD.search(text)
        if found is None:
            return []
        prefix, start = found[1], found[2]
        names = self.members_of(prefix[:-1]) if prefix else self.variables()
        return sorted({f"{prefix}{name}" for name in names if name.startswith(start)})

    def complete_path(self, start: str) -> list[str]:
        """Files below the folder that a path begins with."""
        folder, _, name = start.rpartition("/")
        where = folder if start.startswith("/") else f"{self.base_dir}/{folder}"
        try:
            entries = self.evaluator.world.read_dir(to_latin(where or "/"))
        except OSError:
            return []
        return sorted(f"{folder}/{from_latin(entry)}" for entry in entries if entry.startswith(to_latin(name)))

    def members_of(self, text: str) -> Iterable[str]:
        """The names of a set, as they are written; nothing when evaluating it fails."""
        try:
            value = self.evaluator.force(self.evaluate(text))
        except OsconfError:
            return ()
        return [from_latin(quote_name(name)) for name in value] if is_attrs(value) else ()

    def variables(self) -> set[str]:
        """Every name in scope."""
        names = {name for layer in self.layers for name in layer}
        return names | set(visible_names([*INDEX, *CONSTANT_NAMES])) | GLOBAL_CONSTANTS | KEYWORDS


def _is_binding(text: str) -> bool:
    return _BINDING.match(text) is not None


def _as_set(text: str) -> str:
    return f"{{ {text.rstrip().removesuffix(';')}; }}"


def _importing(target: str) -> str:
    if target.startswith("<"):
        return f"import {target}"
    path = target if target.startswith(("/", "./", "../", "~/")) else f"./{target}"
    return f'import (./. + "/{path[2:]}")' if path.startswith("./") else f"import {path}"


@dataclass(frozen=True, slots=True)
class Command:
    """One `:command`."""

    run: Callable[[Repl, str], Reply]
    meaning: str
    argument: str = ""
    takes_expression: bool = False


def _help(_repl: Repl, _argument: str) -> Reply:
    lines = ["EXPRESSION                 evaluate and print", "NAME = EXPRESSION          name a value"]
    for names, command in _LISTED:
        shown = ", ".join(f":{name}" for name in names) + (f" {command.argument.upper()}" if command.argument else "")
        lines.append(f"{shown:<26} {command.meaning}")
    return Reply("\n".join(lines))


def _type(repl: Repl, text: str) -> Reply:
    return Reply(show_type(repl.evaluator.force(repl.evaluate(text))))


def _print(repl: Repl, text: str) -> Reply:
    return Reply(repl.show(repl.evaluate(text), deep=True))


def _variables(repl: Repl, _argument: str) -> Reply:
    return Reply("\n".join(sorted({name for layer in repl.layers for name in layer})))


_LISTED: list[tuple[tuple[str, ...], Command]] = [
    (("?", "help"), Command(_help, "list the commands")),
    (
        ("a", "add"),
        Command(
            lambda repl, text: repl.add_members(repl.evaluate(text)),
            "bring the members of a set into scope",
            "set",
            True,
        ),
    ),
    (("b", "build"), Command(Repl.build, "build a derivation", "derivation", True)),
    (("doc",), Command(Repl.document, "explain a function", "function", True)),
    (("e", "edit"), Command(Repl.edit, "edit where a function or package is written", "value", True)),
    (("env",), Command(_variables, "list the variables in scope")),
    (("l", "load"), Command(Repl.load, "load a file and bring its members into scope", "file")),
    (("p", "print"), Command(_print, "evaluate and print everything inside", "expression", True)),
    (("q", "quit"), Command(lambda _repl, _text: Reply(is_over=True), "leave")),
    (("r", "reload"), Command(lambda repl, _text: repl.reload(), "load all files again")),
    (("t", "type"), Command(_type, "say of what type a value is", "expression", True)),
]
_NO_COMMAND = Command(_help, "")
COMMANDS: dict[str, Command] = {name: command for names, command in _LISTED for name in names}
"""Every command by each of its names."""
