"""From a configuration or an expression to derivations in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.errors import EvalError, OsconfError, Throw
from osconf.lang.values import from_latin, to_latin

# How the system's derivation begins to tell that assertions fail (modules/system/activation/toplevel.nix).
_ASSERTIONS = "the configuration does not hold together:"

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator
    from osconf.module_system.tree import Level
    from osconf.rebuild.session import Session


@dataclass(frozen=True, slots=True)
class Instantiated:
    """A derivation in the store; `output` is the one that is meant, all of them when it is empty."""

    path: str
    output: str = ""

    @property
    def request(self) -> str:
        """What `realise` is asked for."""
        return f"{self.path}!{self.output}" if self.output else self.path


def system_expression(configuration: Path, modules: Sequence[str] = ()) -> str:
    """The text whose value has `config options pkgs system vm image` of a configuration and more modules, as texts."""
    import json

    # A string literal of JSON is one of the language, but for `${`.
    literal = json.dumps(str(configuration), ensure_ascii=False).replace("${", "\\${")
    added = " ".join(f"({module})" for module in modules)
    return f"import <osconf/modules> {{ configuration = /. + {literal}; modules = [ {added} ]; }}"


def evaluate_configuration(session: Session, configuration: Path, *, modules: Sequence[str] = ()) -> Any:
    """The evaluated configuration; to be called inside `run_deep`. `modules` are added to it, as texts."""
    evaluator = session.evaluator(configuration=configuration)
    return evaluator.eval_text(system_expression(configuration, modules), base_dir="/", label="«osconf»")


def instantiate_configuration(
    session: Session, configuration: Path, attribute: str, *, modules: Sequence[str] = ()
) -> Instantiated:
    """Write the derivation behind `system`, `vm` or `image` of a configuration to the store."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import root_of
    from osconf.module_system.unread import ineffective_definitions

    def work() -> Instantiated:
        evaluator = session.evaluator(configuration=configuration)
        value = evaluate_configuration(session, configuration, modules=modules)
        try:
            found = derivation_of(evaluator, evaluator.select(value, attribute), attribute)
        except OsconfError as error:
            told = _failed_assertions(error, value)
            if told is not None:
                _name_configuration(told, configuration)
                raise told from error
            _relate(error, value, configuration)
            raise
        root = root_of(value)
        for text in ineffective_definitions(root, _variants(root)):
            evaluator.world.warn(to_latin(text))
        return found

    session.prepare()
    found = run_deep(work)
    session.commit()
    return found


def _variants(root: Level) -> dict[str, Level]:
    """The option trees of the variants that were evaluated with a system, by name."""
    from osconf.lang.runtime import force
    from osconf.module_system.tree import Option
    from osconf.module_system.unread import is_read

    option = root.node("specialisation")
    found = force(option.cell) if isinstance(option, Option) and is_read(option) else {}
    configurations = {name: force(force(found[name])["configuration"]) for name in found}
    return {
        from_latin(name): force(force(force(variant["system"])["build"])["extendModules"]).evaluation.root
        for name, variant in configurations.items()
    }


def _failed_assertions(error: OsconfError, value: Any) -> OsconfError | None:
    """The assertions that an error sums up, each at the place it is about, and what else is wrong; None for others."""
    from osconf.module_system.assertions import failed_assertions
    from osconf.module_system.check import related_mistakes

    if not isinstance(error, Throw) or not error.message.startswith(_ASSERTIONS):
        return None
    failed = failed_assertions(value)
    if not failed:
        return None
    mistakes = [*failed, *related_mistakes(value, failed[0])]
    # Those that lead to a line of the user's come first.
    first, *others = sorted(mistakes, key=lambda one: one.position is None)
    first.related.extend(others)
    return first


def _relate(error: OsconfError, value: Any, configuration: Path) -> None:
    """Lead from an error to the user's text: their line, and what else is wrong in it."""
    from osconf.archive.resolver import ResolutionError
    from osconf.lang.diagnose import has_own_place
    from osconf.module_system.check import find_definition, find_path, related_mistakes

    if isinstance(error, EvalError):
        if error.code == "no-such-path" and not has_own_place(error):
            error.position = find_path(value, error.message) or error.position
        error.related.extend(related_mistakes(value, error))
    elif isinstance(error, ResolutionError):
        names = error.roots
        error.position = find_definition(value, "environment.systemPackages", lambda item: _is_package(item, names))
    _name_configuration(error, configuration)


def _name_configuration(error: OsconfError, configuration: Path) -> None:
    from osconf.lang.diagnose import has_own_place

    if not has_own_place(error):
        error.while_(f"while evaluating the configuration {configuration}")


def _is_package(value: Any, names: Sequence[str]) -> bool:
    from osconf.lang.runtime import force, is_attrs

    return is_attrs(value) and "pname" in value and from_latin(str(force(value["pname"]))) in names


def instantiate_expression(
    session: Session,
    make_evaluator: Callable[[Session], Evaluator],
    values: Callable[[Evaluator], Iterable[Any]],
    arguments: Callable[[Evaluator], Mapping[str, Any]],
) -> list[Instantiated]:
    """Write the derivations that values are, or consist of (lists, or sets), to the store."""
    from osconf.lang.evaluator import run_deep

    def work() -> list[Instantiated]:
        evaluator = make_evaluator(session)
        given = arguments(evaluator)
        return [
            derivation_of(evaluator, derivation, "the expression")
            for value in values(evaluator)
            for derivation in evaluator.derivations_in(value, given)
        ]

    session.prepare()
    found = run_deep(work)
    session.commit()
    return found


def derivation_of(evaluator: Evaluator, value: Any, what: str) -> Instantiated:
    """The derivation that a value is."""
    from osconf.lang.runtime import is_derivation, show_type

    value = evaluator.force(value)
    if not is_derivation(value):
        raise EvalError(
            f"{what} is {show_type(value)}, not a derivation",
            code="not-a-derivation",
            hint="select one with -A, such as -A system",
        )
    path = from_latin(evaluator.force(value["drvPath"]))
    output = from_latin(evaluator.force(value["outputName"])) if "outputName" in value else ""
    return Instantiated(path, output)
