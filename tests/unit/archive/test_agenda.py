"""The order of apt's heap."""

from __future__ import annotations

from osconf.archive.agenda import Agenda, Task
from osconf.archive.relation import Atom


def make_task(number: int, open_options: int) -> Task:
    return Task(str(number), (Atom("x"),), ("a", "b"), open_options)


def test_the_order_is_that_of_the_cxx_library() -> None:
    agenda = Agenda()
    for number, open_options in enumerate((2, 3, 2, 1, 2, 5, 2, 1, 4, 2, 2)):
        agenda.push(make_task(number, open_options))
    order = [agenda.pop().asker for _ in range(4)]
    for number in range(11, 14):
        agenda.push(make_task(number, 2))
    while agenda:
        order.append(agenda.pop().asker)
    # Printed by a program that uses std::push_heap and std::pop_heap (libstdc++ 12) with the same comparison.
    assert " ".join(order) == "3 7 2 6 10 8 1 13 12 5 11 9 4 0"


def test_a_copy_is_independent() -> None:
    agenda = Agenda()
    agenda.push(make_task(1, 2))
    other = agenda.copy()
    other.pop()
    assert agenda
    assert not other
