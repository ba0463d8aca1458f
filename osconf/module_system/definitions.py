"""Definitions of an option and the properties they carry: `mkIf`, `mkMerge`, `mkOverride`, `mkOrder`.

Resolving turns what modules wrote into the definitions that count: conditions are evaluated, lists of definitions are
opened, the highest priority (lowest number) wins, and the rest is put in order. A definition that loses is never
evaluated further than its priority.
"""

from __future__ import annotations

from osconf.errors import OptionError, Position
from osconf.lang.brief import show_brief
from osconf.lang.runtime import UNSET, force, spot_of
from osconf.lang.values import LazyAttrs, Value

FORCE_PRIORITY = 50
DEFAULT_PRIORITY = 100
OPTION_DEFAULT_PRIORITY = 1500
NO_PRIORITY = 9999
DEFAULT_ORDER = 1000
UNKNOWN_FILE = "<unknown-file>"

Wraps = tuple["Wraps | None", str, Value]
"""Properties around a whole set, for its members: (outer wraps, `if` or `override` or `order`, its argument)."""


class Definition:
    """One value given to an option: the module's file, the value, and the cell of the attribute that holds it."""

    __slots__ = ("cell", "file", "order", "pending", "priority", "value")

    def __init__(self, file: str, cell: Value, value: Value = UNSET, priority: int | None = None) -> None:
        self.file = file
        self.cell = cell
        self.value = cell if value is UNSET else value
        self.priority = priority
        self.order: int | None = None
        self.pending = True

    @property
    def position(self) -> Position | None:
        """Where the definition was written."""
        spot = spot_of(self.cell)
        return None if spot is None else spot.position()

    def derive(self, value: Value) -> Definition:
        """The same definition with another value, to be looked at again."""
        other = Definition(self.file, self.cell, priority=self.priority)
        other.value = value
        other.order = self.order
        return other


def property_of(value: Value) -> str | None:
    """The property that a forced value is: `if`, `merge`, `override`, `order`, `definition`; None for a plain value."""
    if type(value) is dict or type(value) is LazyAttrs:
        kind = value.get("_type")
        if type(kind) is list:
            kind = force(kind)
        if type(kind) is str and kind in _PROPERTIES:
            return kind
    return None


_PROPERTIES = frozenset(("if", "merge", "override", "order", "definition"))


def apply_wraps(definition: Definition, wraps: Wraps | None) -> bool:
    """Put the properties of the surrounding sets on a definition; False when a condition does not hold."""
    priority: Value = None
    order: Value = None
    while wraps is not None:
        outer, kind, argument = wraps
        if kind == "if":
            if not holds(argument, definition):
                return False
        elif kind == "override":
            priority = argument  # the outermost comes last and wins
        else:
            order = argument
        wraps = outer
    # Only now: a priority may be known only when the condition around it holds (aliases of options).
    if priority is not None:
        definition.priority = force(priority)
    if order is not None:
        definition.order = force(order)
    return True


def hold_conditions(wraps: Wraps | None) -> bool | None:
    """Whether the conditions around a definition hold; None when they tell no clear answer, or there is more to it."""
    while wraps is not None:
        wraps, kind, argument = wraps
        if kind != "if":
            return None
        if type(argument) is list:
            argument = argument[1] if argument[0] is None else argument[0](argument)
        if argument is not True:
            return False if argument is False else None
    return True


def restore_wraps(value: Value, wraps: Wraps | None) -> Value:
    """The value with the properties of the surrounding sets around it, as a value of the language."""
    while wraps is not None:
        outer, kind, argument = wraps
        value = {"_type": kind, "condition" if kind == "if" else "priority": argument, "content": value}
        wraps = outer
    return value


def holds(condition: Value, definition: Definition) -> bool:
    """The truth of an `mkIf` condition around a definition."""
    value = force(condition)
    if value is True or value is False:
        return value
    raise OptionError(
        f"the condition of lib.mkIf must be a Boolean, but it is {show_brief(value)}",
        position=definition.position,
        code="condition-not-boolean",
    )


def resolve(definitions: list[Definition]) -> tuple[list[Definition], int]:
    """The definitions that count, in order, and their priority; none when every condition fails."""
    if len(definitions) == 1:
        only = definitions[0]
        only.value = value = force(only.value)
        if (type(value) is not dict or "_type" not in value) and type(value) is not LazyAttrs:
            only.pending = False
            return definitions, DEFAULT_PRIORITY if only.priority is None else only.priority
    pool: list[Definition] = []
    for definition in definitions:
        if definition.priority is not None:
            pool.append(definition)
        else:
            _open(definition, pool)
    while pool:
        best = min([DEFAULT_PRIORITY if d.priority is None else d.priority for d in pool])
        winners: list[Definition] = []
        losers: list[Definition] = []
        is_open = False
        for definition in pool:
            if (DEFAULT_PRIORITY if definition.priority is None else definition.priority) != best:
                losers.append(definition)
            elif definition.pending:
                is_open = True
                _open(definition, winners)
            else:
                winners.append(definition)
        # What was opened keeps its priority, so the winners stay the winners unless there is more to open.
        if not is_open or (winners and not any([winner.pending for winner in winners])):
            return sort_by_order(winners), best
        pool = winners + losers
    return [], NO_PRIORITY


def sort_by_order(definitions: list[Definition]) -> list[Definition]:
    """Stable order by `mkOrder`, `mkBefore`, `mkAfter`."""
    for definition in definitions:
        if definition.order is not None:
            return sorted(definitions, key=lambda d: DEFAULT_ORDER if d.order is None else d.order)
    return definitions


def _open(definition: Definition, into: list[Definition]) -> None:
    """Take conditions, orders and merges off; stop at a priority, whose content stays untouched until it wins."""
    value = definition.value = force(definition.value)
    kind = property_of(value)
    while kind in ("if", "order"):
        if kind == "order":
            if definition.order is None:
                definition.order = force(value["priority"])
        elif not holds(value["condition"], definition):
            return
        value = definition.value = force(value["content"])
        kind = property_of(value)
    if kind == "merge":
        for content in force(value["contents"]):
            _open(definition.derive(content), into)
        return
    if kind == "definition":
        inner = definition.derive(value["value"])
        inner.file = str(force(value["file"]))
        _open(inner, into)
        return
    if kind == "override":
        if definition.priority is None:
            definition.priority = force(value["priority"])
        definition.value = value["content"]
    else:
        definition.pending = False
    into.append(definition)
