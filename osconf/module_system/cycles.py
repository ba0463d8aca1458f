"""Values that need themselves: naming the circle of options.

The cell of an option, while its value is computed, holds a function that raises `OptionCycle` instead of the plain
black hole. On its way up the error passes the options of the circle, until it is back where it began.
"""

from __future__ import annotations

from collections.abc import Callable

from osconf.errors import EvalError, Position
from osconf.module_system.mistakes import cycle
from osconf.module_system.place import show_path


class OptionCycle(EvalError):
    """An option's value needs itself; the path is completed on the way up."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__(f"the value of the option `{show_path(parts)}' depends on itself", code="infinite-recursion")
        self.parts = parts
        self.path: list[str] = []
        self.is_complete = False

    def pass_through(self, parts: tuple[str, ...], find_position: Callable[[], Position | None]) -> None:
        """One more option of the circle, from the inside out."""
        if self.is_complete:
            return
        self.path.insert(0, show_path(parts))
        if parts == self.parts:
            self.is_complete = True
            told = cycle(self.path, find_position())
            self.message, self.hint, self.position = told.message, told.hint, told.position
