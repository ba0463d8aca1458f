"""Evaluating texts of the language with the library and the module system, without a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.values import Value
from osconf.lang.world import PureWorld
from osconf.module_system.primops import MODULE_PRIMOPS

T = TypeVar("T")


def make_evaluator() -> Evaluator:
    """An evaluator that knows the module system and nothing of the store."""
    return Evaluator(PureWorld(), internal=MODULE_PRIMOPS)


def evaluate(text: str, base_dir: str = "/") -> str:
    """The value of a text as JSON."""

    def work() -> str:
        evaluator = make_evaluator()
        show = evaluator.eval_text("builtins.toJSON")
        return str(evaluator.call(show, evaluator.eval_text(text, base_dir=base_dir)))

    return run_deep(work)


def with_value(text: str, use: Callable[[Evaluator, Value], T]) -> T:
    """What `use` makes of the value of a text."""

    def work() -> T:
        evaluator = make_evaluator()
        return use(evaluator, evaluator.eval_text(text))

    return run_deep(work)
