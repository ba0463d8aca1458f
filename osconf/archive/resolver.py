"""Close a set of packages over their dependencies, choosing as apt 3.0's solver does with an empty root.

What has one answer is propagated first; groups of alternatives wait in an agenda, in apt's order; then the first
alternative that no chosen package forbids is taken, and taken back where it leads nowhere. Recommends are not followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from osconf.archive.agenda import Agenda, Task
from osconf.archive.relation import Atom, format_group
from osconf.archive.universe import Universe
from osconf.errors import ArchiveError

RESOLVER_VERSION = 1
_MAX_FAILURES = 2000


@dataclass(frozen=True, slots=True)
class Root:
    """A package that is wanted for itself, and where that was said."""

    name: str
    reason: str = ""


class ResolutionError(ArchiveError):
    """No set of packages fits; `names` are those of the first failure, `roots` what was wanted and led there."""

    code = "unsatisfiable"

    def __init__(
        self,
        message: str,
        names: tuple[str, ...] = (),
        *,
        code: str,
        hint: str | None = None,
        roots: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.names = names
        self.roots = roots


@dataclass(slots=True)
class _Dead:
    """Why a branch of the search failed."""

    message: str
    code: str
    names: tuple[str, ...]
    roots: tuple[str, ...] = ()


@dataclass(slots=True)
class _State:
    """One branch: `chosen` maps a package to the one that asked for it ("" for a root); `banned` to who forbids it."""

    chosen: dict[str, str]
    banned: dict[str, tuple[str, Atom]]
    waiting: Agenda

    def fork(self) -> _State:
        return _State(dict(self.chosen), dict(self.banned), self.waiting.copy())


@dataclass(slots=True)
class _Choice:
    state: _State
    asker: str
    options: list[str]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The closure: every package name mapped to the package that asked for it first ("" for roots)."""

    parents: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The packages, sorted."""
        return sorted(self.parents)


class _Search:
    def __init__(self, universe: Universe, roots: Sequence[Root]) -> None:
        self.universe = universe
        self.reasons = {root.name: root.reason for root in reversed(roots)}
        self.first_failure: _Dead | None = None

    def run(self, roots: Sequence[Root]) -> _State:
        state = _State({}, {}, Agenda())
        pending = [(root.name, "") for root in roots]
        choices: list[_Choice] = []
        failures = 0
        while True:
            failure = self._propagate(state, pending)
            if failure is None:
                failure, choice = self._next_choice(state)
                if failure is None and choice is None:
                    return state
                if choice is not None:
                    choices.append(choice)
            if failure is not None:
                failures += 1
                self.first_failure = self.first_failure or failure
            while choices and not choices[-1].options:
                choices.pop()
            if not choices or failures > _MAX_FAILURES:
                raise self._explain()
            choice = choices[-1]
            option = choice.options.pop(0)
            state = choice.state.fork() if choice.options else choice.state
            pending = [(option, choice.asker)]

    def _propagate(self, state: _State, pending: list[tuple[str, str]]) -> _Dead | None:
        """Choose the pending packages and all that has one answer; alternatives join the waiting groups."""
        universe = self.universe
        queue = deque(pending)
        while queue:
            name, asker = queue.popleft()
            if name in state.chosen:
                continue
            if name in state.banned:
                return self._conflict(state, name, asker, *state.banned[name])
            package = universe.find(name)
            if package is None:
                text = f"there is no package ‘{name}’ {self._needed(state, asker)}"
                return _Dead(text, "unknown-package", (name,), self._roots(state.chosen, asker or name))
            state.chosen[name] = asker
            for other, atom in universe.conflicts(package):
                if other in state.chosen:
                    return self._conflict(state, other, state.chosen[other], name, atom)
                state.banned.setdefault(other, (name, atom))
            for group in universe.dependencies(package):
                options = universe.group_satisfiers(group)
                if not options:
                    text = f"‘{name}’ {self._chain(state, name)} needs ‘{format_group(group)}’, which nothing satisfies"
                    return _Dead(text, "unsatisfiable", (name,), self._roots(state.chosen, name))
                if len(options) > 1:
                    open_options = sum(option not in state.banned for option in options)
                    state.waiting.push(Task(name, group, options, open_options))
                elif options[0] not in state.chosen:
                    queue.append((options[0], name))
        return None

    def _next_choice(self, state: _State) -> tuple[_Dead | None, _Choice | None]:
        while state.waiting:
            task = state.waiting.pop()
            name, group, options = task.asker, task.group, task.options
            if any(option in state.chosen for option in options):
                continue
            open_options = [option for option in options if option not in state.banned]
            if not open_options:
                forbidders = ", ".join(
                    f"‘{option}’ conflicts with ‘{state.banned[option][0]}’ "
                    f"{self._chain(state, state.banned[option][0])}"
                    for option in options[:3]
                )
                text = f"‘{name}’ {self._chain(state, name)} needs ‘{format_group(group)}’, but {forbidders}"
                return _Dead(text, "conflict", (name, *options), self._roots(state.chosen, name)), None
            return None, _Choice(state, name, open_options)
        return None, None

    def _conflict(self, state: _State, name: str, asker: str, forbidder: str, atom: Atom) -> _Dead:
        chosen = state.chosen if name in state.chosen else {**state.chosen, name: asker}
        text = (
            f"‘{forbidder}’ {self._chain(state, forbidder)} conflicts with ‘{name}’ "
            f"{self._chain_of(chosen, name)}: it declares a conflict with ‘{atom}’"
        )
        return _Dead(text, "conflict", (forbidder, name), self._roots(chosen, forbidder, name))

    def _needed(self, state: _State, asker: str) -> str:
        return f"(needed by ‘{asker}’ {self._chain(state, asker)})" if asker else "(wanted for itself)"

    def _chain(self, state: _State, name: str) -> str:
        return self._chain_of(state.chosen, name)

    def _chain_of(self, chosen: dict[str, str], name: str) -> str:
        """`(needed by b, needed by a, in environment.systemPackages)`: up to the root."""
        steps: list[str] = []
        seen = {name}
        current = name
        while (parent := chosen.get(current, "")) and parent not in seen:
            seen.add(parent)
            steps.append(f"needed by {parent}")
            current = parent
        if reason := self.reasons.get(current, ""):
            steps.append(reason)
        return f"({', '.join(steps)})" if steps else "(wanted for itself)"

    def _roots(self, chosen: dict[str, str], *names: str) -> tuple[str, ...]:
        """What was wanted for itself and led to these packages."""
        roots = []
        for name in names:
            seen = {name}
            while (parent := chosen.get(name, "")) and parent not in seen:
                seen.add(parent)
                name = parent
            roots.append(name)
        return tuple(roots)

    def _explain(self) -> ResolutionError:
        failure = self.first_failure
        if failure is None:
            return ResolutionError("the search for a set of packages took too long", code="unsatisfiable")
        hints = {
            "conflict": "remove one of the two, or choose another alternative explicitly",
            "unsatisfiable": "leave it out, or take it from another suite, such as pkgs.forky; `osconf lock update` "
            "takes the archive's present state",
        }
        return ResolutionError(
            failure.message, failure.names, code=failure.code, hint=hints.get(failure.code), roots=failure.roots
        )


def check_roots(universe: Universe, roots: Iterable[Root]) -> None:
    """Refuse roots that are no real package, with what may have been meant."""
    for root in roots:
        if universe.find(root.name) is not None:
            continue
        where = f" ({root.reason})" if root.reason else ""
        providers = [name for name, _ in universe.find_providers(root.name)]
        if providers:
            raise ResolutionError(
                f"‘{root.name}’{where} is a virtual package",
                code="virtual-package",
                hint=f"choose one of {', '.join(providers[:6])}",
                roots=(root.name,),
            )
        near = universe.near_names(root.name)
        hint = (
            f"did you mean {' or '.join(f'‘{name}’' for name in near)}?"
            if near
            else f"`osconf search {root.name}` looks for packages by name and description"
        )
        raise ResolutionError(
            f"there is no package ‘{root.name}’{where}", code="unknown-package", hint=hint, roots=(root.name,)
        )


def resolve_closure(universe: Universe, roots: Iterable[Root], *, essential: bool = True) -> Resolution:
    """Close the roots (and the Essential packages) over dependencies; raises ArchiveError with the chain of reasons."""
    wanted = list(dict.fromkeys(roots))
    check_roots(universe, wanted)
    if essential:
        named = {root.name for root in wanted}
        wanted += [
            Root(name, "every environment holds the Essential packages")
            for name in universe.essential_names()
            if name not in named
        ]
    return Resolution(_Search(universe, wanted).run(wanted).chosen)
