"""Members of `builtins` that are not functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osconf.errors import EvalError
from osconf.lang.primops.registry import constant

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator

NIX_VERSION = "2.26.3"
LANGUAGE_VERSION = 6


@constant("storeDir")
def store_dir(evaluator: Evaluator) -> str:
    """The logical store directory."""
    return evaluator.world.store_dir


@constant("currentSystem")
def current_system(evaluator: Evaluator) -> str:
    """The platform of the evaluation, such as `x86_64-linux`."""
    return evaluator.world.system


@constant("currentTime")
def current_time(evaluator: Evaluator) -> int:
    """Seconds since 1970 when it was first asked for."""
    if evaluator.settings.pure:
        raise EvalError("'builtins.currentTime' is not allowed in pure evaluation mode", code="impure")
    return evaluator.world.now()


@constant("nixVersion")
def nix_version(_evaluator: Evaluator) -> str:
    """The version of Nix whose language this is."""
    return NIX_VERSION


@constant("langVersion")
def language_version(_evaluator: Evaluator) -> int:
    """The version of the language."""
    return LANGUAGE_VERSION


@constant("nixPath")
def nix_path(evaluator: Evaluator) -> tuple[Any, ...]:
    """The search path: a list of { prefix, path }; `<osconf>` and `<nix/…>` are found without an entry."""
    if evaluator.settings.pure:
        return ()
    return tuple({"path": path, "prefix": prefix} for prefix, path in evaluator.search_path)
