"""The machinery that writes Python: lines, temporaries, forcing, thunks, tail position.

The modules beside this one register one function per kind of node with `@generates`. Each gives an expression for the
forced value (`Code`), after it has written the statements that the expression needs.

A thunk's cell is `[code, captured…]`; an attribute's cell has its `Spot` in slot 2:
`[code, captured, spot, captured…]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from osconf.errors import EvalError
from osconf.lang.compile.free import IMPLIED, REQUIRED, free_names
from osconf.lang.compile.parts import Constant
from osconf.lang.compile.scopes import Binding, Buffer, Code, Delayed, Line, Scope
from osconf.lang.kinds import Pattern
from osconf.lang.nodes import (
    Assert,
    Attrs,
    Function,
    If,
    Let,
    ListNode,
    Literal,
    Negate,
    Node,
    PathLiteral,
    Select,
    Variable,
    With,
)
from osconf.lang.source import Source

Generate = Callable[["Generator", Any, Scope | None], Code]
N = TypeVar("N", bound=Callable[..., Code])
P = TypeVar("P", bound=Callable[..., "Scope | None"])

GENERATORS: dict[type[Node], Generate] = {}
PREPARERS: dict[type[Node], Callable[[Generator, Any, Scope | None], Scope | None]] = {}

FORCE = "if type({0}) is L: {0} = {0}[1] if {0}[0] is None else {0}[0]({0})"
_MAX_INDENT = 60
# Thunks deeper in each other than this are written at once, so that deep nesting does not mean long names.
_MAX_LAZY_DEPTH = 6
_SINGLETONS = frozenset(("None", "True", "False"))
_MAX_EAGER = 12
_MAX_PARENTHESES = 50


def generates(kind: type[Node]) -> Callable[[N], N]:
    """Register the decorated function as what writes code for nodes of `kind`."""

    def register(function: N) -> N:
        GENERATORS[kind] = function
        return function

    return register


def prepares(kind: type[Node]) -> Callable[[P], P]:
    """Register what is written before the `body` of a node of `kind`; it gives the scope of the body."""

    def register(function: P) -> P:
        PREPARERS[kind] = function
        return function

    return register


class Generator:
    """The state of compiling one text."""

    def __init__(
        self,
        source: Source,
        primops: dict[str, str],
        global_names: dict[str, str],
        scope_names: Collection[str] = (),
        *,
        is_lazy: bool = False,
        is_exact: bool = False,
    ) -> None:
        self.source = source
        self.primops = primops
        """Marks of each primop by its name in `builtins`."""
        self.global_names = global_names
        """Global variable -> name in `builtins`."""
        self.scope_names = frozenset(scope_names)
        """Names that a `scopedImport` or the repl adds around the text."""
        self.is_exact = is_exact
        """Whether there is a thunk wherever Nix makes one, for values that are shown as far as they are evaluated."""
        self.begin_part()
        self.delayed: dict[str, Delayed] = {}
        """Thunks whose code was not asked for yet."""
        self._max_depth = _MAX_LAZY_DEPTH if is_lazy else 0
        # What the names of the module's variables begin with in the code of one thunk: they do not depend on the
        # order in which thunks are written.
        self._unit = ""
        self._names = 0
        self._depth = 0
        self.buffer = Buffer("main", None, is_thunk=False)
        self.at = 0
        self._count = 0

    def begin_part(self) -> None:
        """Forget what was written: somebody has it."""
        self.top: list[tuple[str, int, list[Line]]] = []
        """Functions of the module: name, number of parameters, lines."""
        self.constants: dict[str, Constant] = {}
        self.spots: set[int] = set()
        """Offsets of the attributes that have a variable."""
        self.functions: dict[str, Pattern] = {}
        self.met: list[str] = []
        """Thunks that were put off."""

    # -- lines and names -----------------------------------------------------------------------------------------------

    def number(self) -> int:
        """A number that was not used yet."""
        self._count += 1
        return self._count

    def emit(self, line: str) -> None:
        """Write a line of Python; it stands for the place `self.at`."""
        buffer = self.buffer
        buffer.lines.append((buffer.indent, line, self.at))

    def store(self, expression: str) -> str:
        """A variable that holds the expression's value."""
        if expression.isidentifier() and expression not in _SINGLETONS:
            return expression
        name = f"_{self.number()}"
        self.emit(f"{name} = {expression}")
        return name

    def constant(self, kind: str, content: Any, at: int | None = None) -> str:
        """A variable of the module, made when it is loaded.

        A `path`, a `prefix` of one, a set of `names`, a `getter` that takes several members out of a set, or a `cell`
        written `at`. Paths are as they are written: the same text may be in another folder.
        """
        name = self.global_name("k")
        if at is not None:
            self.spots.add(at)
        self.constants[name] = (kind, content, -1 if at is None else at)
        return name

    def global_name(self, prefix: str) -> str:
        """A new name for a function or constant of the module."""
        self._names += 1
        return f"{prefix}{self._unit}{self._names}"

    def spot(self, at: int) -> str:
        """The module's variable for the Spot of an offset."""
        self.spots.add(at)
        return f"p{at}"

    def aside(self, write: Callable[[], Any]) -> tuple[list[Line], Any]:
        """Run `write` for a block one level deeper; keep its lines apart, forget what it learns of variables."""
        buffer = self.buffer
        lines, buffer.lines = buffer.lines, []
        known = dict(buffer.known)
        buffer.indent += 1
        result = write()
        aside, buffer.lines = buffer.lines, lines
        buffer.indent -= 1
        buffer.known = known
        return aside, result

    def emit_block(self, lines: list[Line]) -> None:
        """Write the lines of a block that were kept apart."""
        self.buffer.lines.extend(lines)

    # -- variables -----------------------------------------------------------------------------------------------------

    def find(self, scope: Scope | None, name: str) -> Binding | str | tuple[Binding, ...] | None:
        """A Binding; the name of a global; or the sets of the surrounding `with`, innermost first."""
        scopes: list[Binding] = []
        while scope is not None:
            if scope.with_binding is not None:
                scopes.append(scope.with_binding)
            else:
                binding = scope.names.get(name)
                if binding is not None:
                    return binding
            scope = scope.outer
        if name in self.scope_names or name in self.global_names or name in {"true", "false", "null", "builtins"}:
            return name
        return tuple(scopes)

    def is_global(self, scope: Scope | None, name: str) -> bool:
        """Whether `name` means what the language gives it."""
        return self.find(scope, name) == name and name not in self.scope_names

    def is_overridden(self, scope: Scope | None, name: str) -> bool:
        """Whether the text gives another meaning to a variable that syntax refers to, such as `__sub`."""
        found = self.find(scope, name)
        return isinstance(found, Binding) or name in self.scope_names

    def locate(self, buffer: Buffer, binding: Binding) -> tuple[str, bool]:
        """The name of a binding inside `buffer`, and whether it is surely forced; captures it where needed."""
        known = buffer.known.get(binding)
        if known is not None:
            return known
        if binding.is_global or binding.owner is buffer:
            return binding.python, binding.forced
        if buffer.parent is None:
            raise AssertionError(f"{buffer.name} does not capture {binding.python}")
        if buffer.is_thunk:
            forced = self.locate(buffer.parent, binding)[1]
            if binding.is_global:
                return binding.python, binding.forced
            buffer.captures[binding] = None
            buffer.known[binding] = (binding.python, forced)
            return binding.python, forced
        if binding.inside is buffer:
            return binding.python, True
        if binding.owner is not None:
            buffer.is_closed = False
        return self.locate(buffer.parent, binding)

    def force_binding(self, binding: Binding) -> str:
        """The Python variable of a binding, after it was forced."""
        buffer = self.buffer
        name, forced = self.locate(buffer, binding)
        if forced:
            return name
        if binding.owner is buffer or (buffer.is_thunk and binding in buffer.known):
            self.emit(FORCE.format(name))
        else:
            # A free variable of a Python closure cannot be assigned here.
            local = f"_{self.number()}"
            self.emit(
                f"{local} = {name} if type({name}) is not L else {name}[1] if {name}[0] is None else {name}[0]({name})"
            )
            name = local
        buffer.known[binding] = (name, True)
        return name

    def force(self, expression: str) -> str:
        """A variable that holds the forced value of an expression for a value or thunk."""
        name = f"_{self.number()}"
        self.emit(f"{name} = {expression}")
        self.emit(FORCE.format(name))
        return name

    # -- values --------------------------------------------------------------------------------------------------------

    def value(self, node: Node, scope: Scope | None) -> Code:
        """Write code for the forced value of `node`."""
        if self.buffer.base + self.buffer.indent > _MAX_INDENT and not isinstance(node, Literal | Variable):
            return self.force(self.make_thunk(node, scope)), None
        while isinstance(node, Let | Assert | With):
            scope = PREPARERS[type(node)](self, node, scope)
            node = node.body
        expression, kind = GENERATORS[type(node)](self, node, scope)
        if expression.count("(") > _MAX_PARENTHESES:
            # Python refuses more than 200 nested ones.
            expression = self.store(expression)
        return expression, kind

    def stored_value(self, node: Node, scope: Scope | None) -> Code:
        """Like `value`, held in a variable."""
        expression, kind = self.value(node, scope)
        return self.store(expression), kind

    def condition(self, node: Node, scope: Scope | None) -> str:
        """An expression that is True or False; anything else is refused before."""
        expression, kind = self.value(node, scope)
        return self.boolean(expression, kind, node.at)

    def boolean(self, expression: str, kind: str | None, at: int) -> str:
        """The same for code already written."""
        if kind == "bool":
            return expression
        self.at = at
        name = self.store(expression)
        self.emit(f"if {name} is not True and {name} is not False: expect_bool({name})")
        return name

    # -- tail position -------------------------------------------------------------------------------------------------

    def tail(self, node: Node, scope: Scope | None) -> None:
        """Write the code that returns the value of `node` from the current function."""
        while True:
            if isinstance(node, If) and self.buffer.base + self.buffer.indent <= _MAX_INDENT:
                condition = self.condition(node.condition, scope)
                self.emit(f"if {condition}:")
                consequence = node.consequence
                lines, _ = self.aside(lambda node=consequence, scope=scope: self.tail(node, scope))  # type: ignore[misc]
                self.emit_block(lines)
                node = node.alternative
            elif isinstance(node, Let | Assert | With):
                scope = PREPARERS[type(node)](self, node, scope)
                node = node.body
            else:
                expression, _ = self.value(node, scope)
                self.at = node.at
                self.emit(f"{_RESULT}{expression}" if self.buffer.is_thunk else f"return {expression}")
                return

    # -- thunks --------------------------------------------------------------------------------------------------------

    def lazy(self, node: Node, scope: Scope | None) -> str:
        """An expression for the value or a thunk of `node`, for an argument or a member of a list."""
        return self.eager(node, scope) or self.make_thunk(node, scope)

    def eager(self, node: Node, scope: Scope | None) -> str | None:
        """An expression for what needs no thunk: variables, constants, functions, small sets and lists."""
        if isinstance(node, Variable):
            found = self.find(scope, node.name)
            if isinstance(found, Binding):
                if found.builtin is not None or found.constant is not None:
                    return self.value(node, scope)[0]
                return self.locate(self.buffer, found)[0]
            if isinstance(found, str) and found not in self.scope_names:
                return self.value(node, scope)[0]
            return None
        if self.is_exact and not self._is_value_in_nix(node):
            return None
        if isinstance(node, Literal | Function) or (isinstance(node, PathLiteral) and self.is_constant_path(node)):
            return self.value(node, scope)[0]
        if isinstance(node, Negate) and isinstance(node.operand, Literal) and not isinstance(node.operand.value, str):
            return self.value(node, scope)[0]
        if isinstance(node, ListNode | Attrs) and is_small(node):
            return self.value(node, scope)[0]
        if isinstance(node, Select) and self.builtin_of(node, scope) is not None:
            return self.value(node, scope)[0]
        if (
            isinstance(node, Select)
            and node.default is None
            and len(node.path) == 1
            and isinstance(node.subject, Variable)
        ):
            return self._peek(node, scope)
        return None

    def _is_value_in_nix(self, node: Node) -> bool:
        return (
            isinstance(node, Literal)
            or (isinstance(node, PathLiteral) and self.is_constant_path(node))
            or (isinstance(node, ListNode) and not node.members)
        )

    def _peek(self, node: Select, scope: Scope | None) -> str | None:
        # `x.name` of a set at hand: its member is taken as it is, unforced, when it is there.
        found = self.find(scope, node.subject.name)  # type: ignore[attr-defined]
        name = node.path[0]
        if (
            not isinstance(found, Binding)
            or found.builtin
            or found.constant
            or found.arity
            or not isinstance(name, str)
        ):
            return None
        variable, forced = self.locate(self.buffer, found)
        if not forced:
            return None
        thunk = self.make_thunk(node, scope)
        return f"({variable}[{name!r}] if type({variable}) is dict and {name!r} in {variable} else {thunk})"

    def is_delaying(self, name: str) -> bool:
        """Whether the code of thunks inside the delayed thunk `name` is put off, too."""
        return name.count("_") + 1 < self._max_depth

    def is_constant_path(self, node: PathLiteral) -> bool:
        """Whether a path does not depend on the run."""
        return not node.parts and not node.text.startswith("~")

    def builtin_of(self, node: Node, scope: Scope | None) -> str | None:
        """The primop that an expression names: `map`, `__add`, `builtins.add`."""
        if isinstance(node, Variable):
            found = self.find(scope, node.name)
            if isinstance(found, Binding):
                return found.builtin
            if isinstance(found, str) and found not in self.scope_names:
                return self.global_names.get(found)
            return None
        if (
            isinstance(node, Select)
            and node.default is None
            and len(node.path) == 1
            and isinstance(node.subject, Variable)
            and node.subject.name == "builtins"
            and self.is_global(scope, "builtins")
        ):
            name = node.path[0]
            return name if isinstance(name, str) and name in self.primops else None
        return None

    def make_thunk(self, node: Node, scope: Scope | None, at: int | None = None) -> str:
        """An expression that makes a cell; with `at`, an attribute's cell."""
        name, captures = self.write_thunk(node, scope, has_spot=at is not None)
        return self.cell(name, [self.locate(self.buffer, binding)[0] for binding in captures], at)

    def member(self, node: Node, scope: Scope | None, at: int) -> str:
        """An expression for an attribute's cell, which knows its place."""
        if isinstance(node, Literal):
            return self.constant("cell", node.value, at)
        if isinstance(node, Select):
            builtin = self.builtin_of(node, scope)
            if builtin is None:
                return self.make_thunk(node, scope, at)
        if isinstance(node, Variable):
            found = self.find(scope, node.name)
            if isinstance(found, Binding) and found.builtin is None and found.constant is None:
                return self.alias(found, at)
        expression = self.eager(node, scope)
        if expression is not None and isinstance(node, Variable):
            return f"[None, {expression}, {self.spot(at)}, {expression}]"
        if expression is not None:
            return f"[None, {expression}, {self.spot(at)}]"
        return self.make_thunk(node, scope, at)

    def alias(self, binding: Binding, at: int) -> str:
        """The cell of an attribute that is another name for a variable; its last slot says for which."""
        name, forced = self.locate(self.buffer, binding)
        return f"[{'None' if forced else 'run_alias'}, {name}, {self.spot(at)}, {name}]"

    def cell(self, name: str, captured: list[str], at: int | None) -> str:
        """The list display of a cell."""
        slots = captured or ["None"]
        if at is not None:
            slots = [slots[0], self.spot(at), *slots[1:]]
        return f"[{name}, {', '.join(slots)}]"

    @staticmethod
    def slot_of(index: int, has_spot: bool) -> int:
        """Where the captured variable `index` is in a cell."""
        return index + 2 if has_spot and index > 0 else index + 1

    def write_thunk(self, node: Node, scope: Scope | None, *, has_spot: bool = False) -> tuple[str, list[Binding]]:
        """The name of a thunk's function, and what it captures; the function is written when it is needed."""
        name = self.global_name("t")
        buffer = Buffer(name, self.buffer, is_thunk=True)
        thunk = Delayed(node, scope, buffer, has_spot, self._count)
        if self._depth < self._max_depth and self._capture(buffer, node, scope):
            buffer.parent = None
            self.delayed[name] = thunk
            self.met.append(name)
        else:
            self._write_body(thunk)
        return name, list(buffer.captures)

    def _capture(self, buffer: Buffer, node: Node, scope: Scope | None) -> bool:
        """Capture what `node` refers to; False when it has a variable that does not exist."""
        for name, kind in free_names(node).items():
            found = self.find(scope, name)
            if isinstance(found, Binding):
                if found.builtin is None and found.constant is None:
                    self.locate(buffer, found)
            elif isinstance(found, tuple) and kind != IMPLIED:
                if not found and kind == REQUIRED:
                    return False
                for binding in found:
                    self.locate(buffer, binding)
        return True

    def write_delayed(self, name: str) -> None:
        """Write a thunk that was put off."""
        thunk = self.delayed.pop(name)
        self._unit, self._names, self._count = f"{name[1:]}_", 0, thunk.met_at
        self._depth = self._unit.count("_")
        self._write_body(thunk)

    def _write_body(self, thunk: Delayed) -> None:
        node, buffer, has_spot = thunk.node, thunk.buffer, thunk.has_spot
        name = buffer.name
        outer, at = self.buffer, self.at
        self.buffer = buffer
        buffer.indent = 2
        self.at = node.at
        self.tail(node, thunk.scope)
        self.buffer = outer
        captures = list(buffer.captures)
        slots = [binding.python for binding in captures]
        if has_spot:
            slots = [slots[0] if slots else "_", "_", *slots[1:]]
        lines: list[Line] = [(0, f"def {name}(t):", node.at)]
        if captures:
            lines.append((1, f"{', '.join(['_', *slots])} = t", node.at))
        lines += [(1, "t[0] = black_hole", node.at), (1, "try:", node.at)]
        clear = [i for i in range(2, len(slots) + 1) if not (has_spot and i == 2)]
        for indent, text, place in buffer.lines:
            if text.startswith(_RESULT):
                lines += _finish_thunk(indent, text[len(_RESULT) :], place, clear)
            else:
                lines.append((indent, text, place))
        lines.append((1, f"except: t[0] = {name}; raise", node.at))
        self.top.append((name, 1, lines))
        self.at = at

    def expect_known(self, node: Variable, scope: Scope | None) -> None:
        """Refuse a variable that means nothing here, though its value may not be wanted."""
        if not self.find(scope, node.name):
            raise self.undefined(node.name, node.at, scope)

    def undefined(self, name: str, at: int, scope: Scope | None) -> EvalError:
        """The error of a name that means nothing here."""
        from osconf.lang.suggest import did_you_mean

        names = {*self.global_names, *self.scope_names, "builtins", "true", "false", "null"}
        while scope is not None:
            names.update(known for known in scope.names if not known.startswith("("))
            scope = scope.outer
        hint = did_you_mean(name, names)
        return EvalError(
            f"undefined variable '{name}'", position=self.source.position(at), code="undefined-variable", hint=hint
        )


_RESULT = "\0"


def _finish_thunk(indent: int, expression: str, at: int, clear: list[int]) -> list[Line]:
    if expression.isidentifier() or expression.isdigit():
        lines, result = [(indent, f"t[1] = {expression}", at)], expression
    else:
        lines, result = [(indent, f"t[1] = v = {expression}", at)], "v"
    if len(clear) > 4:
        lines.append((indent, f"del t[{clear[0]}:]", at))
    elif clear:
        lines.append((indent, f"{' = '.join(f't[{i}]' for i in clear)} = None", at))
    return [*lines, (indent, "t[0] = None", at), (indent, f"return {result}", at)]


def is_small(node: Node) -> bool:
    """Whether a list or set is made at once rather than by a thunk: it is little work and evaluates nothing."""
    return _count_parts(node, _MAX_EAGER) >= 0


def _count_parts(node: Node, left: int) -> int:
    """What is left of so many parts after those of `node`; negative when they are too many or need evaluation."""
    if left <= 0:
        return -1
    left -= 1
    if isinstance(node, ListNode):
        for member in node.members:
            left = _count_parts(member, left)
            if left < 0:
                break
    elif isinstance(node, Attrs):
        if node.is_recursive or node.dynamic or node.sources:
            return -1
        for definition in node.definitions.values():
            left = left - 1 if definition.value is None else _count_parts(definition.value, left)
            if left < 0:
                break
    return left
