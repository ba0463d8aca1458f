"""The order in which groups of alternatives are decided: the binary heap of apt's solver.

What has one answer left comes first; among equals apt's order is what C++'s `std::pop_heap` makes of them, and that
order decides which alternatives are already there when a later group is looked at. So it is kept, step by step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from osconf.archive.relation import Group


@dataclass(frozen=True, slots=True)
class Task:
    """A group of alternatives that `asker` depends on; `open_options` is how many were not forbidden when it came."""

    asker: str
    group: Group
    options: tuple[str, ...]
    open_options: int

    def yields_to(self, other: Task) -> bool:
        """Whether the other comes first."""
        if (self.open_options < 2) != (other.open_options < 2):
            return other.open_options < 2
        return self.open_options == other.open_options == 1 and len(self.options) < len(other.options)


@dataclass(slots=True)
class Agenda:
    """The tasks that wait, as a binary heap in a list (ISO C++ [alg.heap.operations], as libstdc++ does it)."""

    tasks: list[Task] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.tasks)

    def copy(self) -> Agenda:
        """An agenda of the same tasks in the same order."""
        return Agenda(self.tasks.copy())

    def push(self, task: Task) -> None:
        """Add a task."""
        self.tasks.append(task)
        self._sift_up(len(self.tasks) - 1, task)

    def pop(self) -> Task:
        """Take the task that comes first."""
        tasks = self.tasks
        first = tasks[0]
        last = tasks.pop()
        if tasks:
            self._sift_down(last)
        return first

    def _sift_up(self, hole: int, task: Task) -> None:
        tasks = self.tasks
        while hole > 0 and tasks[parent := (hole - 1) // 2].yields_to(task):
            tasks[hole] = tasks[parent]
            hole = parent
        tasks[hole] = task

    def _sift_down(self, task: Task) -> None:
        """Fill the place of the first: the hole goes down along the better children to the end, then the task up."""
        tasks, length = self.tasks, len(self.tasks)
        hole = child = 0
        while child < (length - 1) // 2:
            child = 2 * (child + 1)
            if tasks[child].yields_to(tasks[child - 1]):
                child -= 1
            tasks[hole] = tasks[child]
            hole = child
        if length % 2 == 0 and child == (length - 2) // 2:
            child = 2 * child + 1
            tasks[hole] = tasks[child]
            hole = child
        self._sift_up(hole, task)
