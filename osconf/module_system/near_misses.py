"""Names in open sets that were probably meant to be an option: `PermitRootLogn` beside the option `PermitRootLogin`.

A set with a freeform type takes every name, so a typo is no mistake there; it is told as a warning, once. Only names
that differ by case, by a letter too many or too few, or by two letters swapped count: sets of free names hold many that
differ by another letter (`rmem_max`, `wmem_max`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from osconf.lang.evaluator import Evaluator
from osconf.lang.nodes import Node
from osconf.lang.runtime import current_evaluator
from osconf.lang.values import Value, from_latin, to_latin
from osconf.module_system.definitions import Definition
from osconf.module_system.mistakes import position_of_definition
from osconf.module_system.place import show_path

_SHORTEST = 5


class NearMisses:
    """What was told in this evaluation: a set may be merged several times."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._world = evaluator.world
        self._told: set[str] = set()

    def see_tree(self, label: str, tree: Node) -> None:
        """Nothing is learnt from texts."""

    def save(self) -> None:
        """Nothing is kept for the next process."""

    def tell(self, text: str) -> None:
        """Warn once."""
        if text not in self._told:
            self._told.add(text)
            self._world.warn(to_latin(text))


def tell_near_misses(parts: Sequence[str], names: Iterable[str], file: str, cell: Value, value: Value) -> None:
    """Warn when the last of the parts, set in the user's file, is nearly one of the declared names beside it."""
    name = parts[-1]
    if len(name) < _SHORTEST:
        return
    meant = next((candidate for candidate in names if is_near(name, candidate)), None)
    if meant is None:
        return
    from osconf.lang.diagnose import is_own_file  # only a near miss needs it

    if not is_own_file(from_latin(file)):
        return
    place = position_of_definition(Definition(file, cell, value)) or from_latin(file)
    right = show_path((*parts[:-1], meant))
    current_evaluator().companion(NearMisses).tell(
        f"`{show_path(tuple(parts))}' ({place}) is no option, but the set it is in takes any name: "
        f"did you mean `{right}'?"
    )


def is_near(name: str, other: str) -> bool:
    """Whether names differ by case only, by one letter more or less, or by two neighbours swapped."""
    length, longest = len(name), len(other)
    if length > longest:
        return is_near_longer(other, name)
    if length < longest:
        return is_near_longer(name, other)
    if name == other:
        return False
    if name.lower() == other.lower():
        return True
    differing = [at for at in range(length) if name[at] != other[at]]
    return (
        len(differing) == 2
        and differing[1] == differing[0] + 1
        and name[differing[0]] == other[differing[1]]
        and name[differing[1]] == other[differing[0]]
    )


def is_near_longer(short: str, long: str) -> bool:
    """Whether the longer name has one letter that the shorter one lacks, inside of it."""
    if len(long) != len(short) + 1:
        return False
    at = 0
    while at < len(short) and short[at] == long[at]:
        at += 1
    return short[at:] == long[at + 1 :] and not long[at].isdigit()
