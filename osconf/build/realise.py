"""Realising: from derivations to valid outputs, in parallel.

The recipe: plan what must be built, build what is ready on the workers, register in batches, say what failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Event

from osconf.build.builtin import BuiltinBuilder
from osconf.build.goals import Goal, may_be_substituted, parse_wanted, plan_goals
from osconf.build.job import BuildContext, build_derivation
from osconf.build.reporter import QuietReporter, Reporter
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError, OsconfError
from osconf.model.derivation import Derivation
from osconf.store.local import LocalStore
from osconf.store.substitute import Substituter

_FLUSH_SECONDS = 2.0
_LOOK_SECONDS = 0.5


def realise(
    store: LocalStore,
    wanted: Iterable[str],
    builders: Mapping[str, BuiltinBuilder],
    settings: BuildSettings | None = None,
    reporter: Reporter | None = None,
    cancelled: Event | None = None,
    prepare: Callable[[list[Derivation]], None] = lambda _derivations: None,
) -> dict[str, dict[str, str]]:
    """Build what is not valid yet and return, per wanted derivation, its outputs' paths by name.

    `wanted` holds `DRV`, `DRV!out,dev` or `DRV!*`. Everything returned is valid, registered and kept from the garbage
    collector until the store is closed. Raises `BuildError`; with `keep_going` after building whatever else can be.
    Setting `cancelled`, from any thread, kills what runs. `prepare` is given what will be built, before that begins.
    """
    settings = settings or BuildSettings()
    reporter = reporter or QuietReporter()
    requests: dict[str, set[str]] = {}
    for text in wanted:
        path, names = parse_wanted(text)
        requests.setdefault(path, set()).update(names or store.read_derivation(path).outputs)
    substitute = None
    if settings.caches:
        substituter = Substituter(store, settings.caches, settings.trusted_keys, reporter.substituted)
        _find_available(store, requests, substituter)
        substituter.fetch_found()
        substitute = substituter.substitute
    goals = plan_goals(store, requests, rebuild=settings.check or settings.repair, substitute=substitute)
    if goals:
        prepare([goal.drv for goal in goals.values()])
        reporter.planned({path: sorted(goal.inputs) for path, goal in goals.items()})
        context = BuildContext(store, builders, settings, reporter, cancelled or Event())
        _Schedule(context, goals).run()
    return {
        path: {name: store.read_derivation(path).output_path(name) for name in sorted(names)}
        for path, names in requests.items()
    }


def _find_available(
    store: LocalStore, requests: Mapping[str, Iterable[str]], substituter: Substituter
) -> dict[str, Goal]:
    """What is left to build when everything is fetched that caches have; many questions are asked at once."""
    everything = plan_goals(store, requests)
    outputs = [
        goal.drv.output_path(name)
        for goal in everything.values()
        if may_be_substituted(goal.drv)
        for name in sorted(goal.wanted)
    ]
    substituter.ask(outputs)
    return plan_goals(store, requests, substitute=substituter.is_available) if everything else everything


def plan_builds(store: LocalStore, wanted: Iterable[str], settings: BuildSettings | None = None) -> list[str]:
    """The derivations that `realise` would build, inputs first; nothing is built or fetched."""
    requests: dict[str, set[str]] = {}
    for text in wanted:
        path, names = parse_wanted(text)
        requests.setdefault(path, set()).update(names)
    if settings is not None and settings.caches:
        return list(_find_available(store, requests, Substituter(store, settings.caches, settings.trusted_keys)))
    return list(plan_goals(store, requests))


class _Schedule:
    """Runs goals as their inputs become ready."""

    def __init__(self, context: BuildContext, goals: dict[str, Goal]) -> None:
        self.context = context
        self.goals = goals
        self.waiting = {path: set(goal.inputs) for path, goal in goals.items()}
        self.users: dict[str, list[str]] = {path: [] for path in goals}
        for path, goal in goals.items():
            for inner in goal.inputs:
                self.users[inner].append(path)
        self.ready = [path for path, inputs in self.waiting.items() if not inputs]
        self.running: dict[Future[None], str] = {}
        self.failed: dict[str, OsconfError] = {}
        self.skipped: set[str] = set()
        self.flushed = time.monotonic()
        self.is_stuck = False

    def run(self) -> None:
        store = self.context.store
        jobs = max(1, self.context.settings.jobs)
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="build")
        try:
            while self.running or (self.ready and not self._stops()):
                while self.ready and len(self.running) < jobs and not self._stops():
                    path = self.ready.pop(0)
                    goal = self.goals[path]
                    future = pool.submit(build_derivation, self.context, path, rebuild=goal.rebuild)
                    self.running[future] = path
                self._collect()
        except BaseException:
            self.context.cancelled.set()
            self._await_end()
            with suppress(OsconfError):
                store.flush()
            raise
        finally:
            pool.shutdown(wait=not (self.running or self.is_stuck))
        if self.failed:
            with suppress(OsconfError):
                store.flush()
            self._raise_failure()
        store.flush()
        if self.context.cancelled.is_set():
            raise BuildError("the build was interrupted", code="interrupted")

    def _stops(self) -> bool:
        has_failed = bool(self.failed) and not self.context.settings.keep_going
        return has_failed or self.is_stuck or self.context.cancelled.is_set()

    def _collect(self) -> None:
        # The limit lets an interrupt through, that of an evaluation's thread above all.
        overseer = self.context.overseer
        done, _ = wait(self.running, timeout=overseer.pause(_LOOK_SECONDS), return_when=FIRST_COMPLETED)
        for future in done:
            path = self.running.pop(future)
            try:
                future.result()
            except OsconfError as error:
                self._fail(path, error)
            else:
                self._release_users(path)
        for path, problem in overseer.look().items():
            # Its thread is lost for other builds, too.
            self.is_stuck = True
            self.running = {future: running for future, running in self.running.items() if running != path}
            if path not in self.failed:
                self._fail(path, problem)
        if time.monotonic() - self.flushed > _FLUSH_SECONDS:
            self.context.store.flush()
            self.flushed = time.monotonic()

    def _await_end(self) -> None:
        """Wait for what was told to end, but not for builders that cannot be told."""
        overseer = self.context.overseer
        stuck: set[str] = set()
        while left := [future for future, path in self.running.items() if not future.done() and path not in stuck]:
            wait(left, timeout=overseer.pause(_LOOK_SECONDS))
            stuck.update(overseer.look())
        if not stuck:
            self.running.clear()

    def _fail(self, path: str, error: OsconfError) -> None:
        self.failed[path] = error
        self._skip_users(path)
        if self._stops():
            self.context.cancelled.set()

    def _release_users(self, path: str) -> None:
        for user in self.users[path]:
            self.waiting[user].discard(path)
            if not self.waiting[user] and user not in self.skipped:
                self.ready.append(user)

    def _skip_users(self, path: str) -> None:
        pending = list(self.users[path])
        while pending:
            user = pending.pop()
            if user not in self.skipped:
                self.skipped.add(user)
                pending.extend(self.users[user])

    def _raise_failure(self) -> None:
        real = {
            path: error
            for path, error in self.failed.items()
            if not (error.code == "interrupted" and len(self.failed) > 1)
        }
        if not real:
            return
        path, error = next(iter(real.items()))
        if len(real) > 1:
            names = ", ".join(f"'{self.goals[other].drv.name}'" for other in real if other != path)
            error.while_(f"{len(real)} derivations failed; also {names}")
        if self.skipped:
            error.while_(f"{len(self.skipped)} derivations that need it were not built")
        if isinstance(error, BuildError) and error.log_tail and not error.hint:
            error.hint = f"see the whole log with 'osconf log {path}'"
        raise error
