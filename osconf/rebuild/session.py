"""What one call of the program has open: the store, the archive, the evaluator, and how builds run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.errors import OsconfError
from osconf.lang.features import NO_FEATURES, Features

if TYPE_CHECKING:
    from osconf.archive.acquire import Access
    from osconf.archive.fetch import Progress
    from osconf.build.reporter import Reporter
    from osconf.build.settings import BuildSettings
    from osconf.lang.evaluator import Evaluator
    from osconf.lang.git import GitCheckout, GitRequest
    from osconf.memo.evidence import Evidence
    from osconf.model.derivation import Derivation
    from osconf.rebuild.building import MachineBuilder
    from osconf.rebuild.configuration import Instantiated
    from osconf.rebuild.primops import ArchiveContext
    from osconf.rebuild.settings import MachineSettings
    from osconf.rebuild.world import StoreWorld
    from osconf.store.interface import Store
    from osconf.store.local import LocalStore

# A machine's package index and .debs, brought by its own system closure.
SYSTEM_CACHE = Path("/etc/osconf/archive-cache")


@dataclass(frozen=True)
class BuildChoices:
    """What a command line may say about builds; None is the default."""

    jobs: int | None = None
    cores: int | None = None
    keep_failed: bool = False
    keep_going: bool = False
    rebuild: bool = False
    timeout: float = 0
    max_silent_time: float = 0
    lock_timeout: float = 0
    caches: tuple[str, ...] = ()
    trusted_keys: tuple[str, ...] = ()
    no_caches: bool = False


class Session:
    """One call of the program. Everything is opened when it is first asked for."""

    def __init__(
        self,
        root: Path,
        store_dir: str,
        environment: Mapping[str, str],
        make_reporter: Callable[[], Reporter],
        choices: BuildChoices | None = None,
    ) -> None:
        self.root = root
        self.store_dir = store_dir
        self.environment = environment
        self._make_reporter = make_reporter
        self.choices = choices or BuildChoices()
        self.evidence: Evidence | None = None
        """What the evaluations rest on, once the session watches them."""
        self._evaluators: dict[object, Evaluator] = {}
        self._locks: list[ArchiveContext] = []

    @classmethod
    def open(
        cls, *, root: Path, store_dir: str, environment: Mapping[str, str], make_reporter: Callable[[], Reporter]
    ) -> Session:
        """Prepare a session; nothing is read or written yet."""
        return cls(root, store_dir, environment, make_reporter)

    def with_settings(self, **choices: Any) -> Session:
        """The same session with choices for its builds: the fields of `BuildChoices`."""
        self.choices = replace(self.choices, **choices)
        return self

    @cached_property
    def reporter(self) -> Reporter:
        """Who is told of builds and downloads."""
        return self._make_reporter()

    # Places

    @cached_property
    def cache_dir(self) -> Path:
        """Where downloads and compiled expressions are kept."""
        if self.root == Path("/") and os.geteuid() == 0 and Path("/osconf/current-system").exists():
            return Path("/var/cache/osconf")
        base = self.environment.get("XDG_CACHE_HOME") or Path(self.environment.get("HOME", "/root"), ".cache")
        return Path(base, "osconf")

    @cached_property
    def store(self) -> Store:
        """The store, made when it is missing; the daemon's, for who may not write it."""
        from osconf.rebuild.opening import open_store

        try:
            return open_store(self.root, self.store_dir, self.environment)
        except OSError as error:
            raise OsconfError(
                f"the store below {self.root} cannot be written: {error.strerror}",
                code="store-not-writable",
                hint="be root, have its daemon run, or use a store of your own: `--store DIR` or OSCONF_STORE=DIR",
            ) from None

    @property
    def local_store(self) -> LocalStore:
        """The store, for what only its own process does to it; an error for users of the daemon."""
        from osconf.store.local import LocalStore

        if isinstance(self.store, LocalStore):
            self.store.check_writable()
            return self.store
        raise OsconfError(
            "this needs the store itself, which you reach through its daemon only",
            code="store-not-writable",
            hint="be root, or use a store of your own: `--store DIR`",
        )

    def prepare(self) -> None:
        """Open the store in the calling thread.

        On a machine whose store is mounted read-only, opening gives this thread, and those it starts, a mount namespace
        where it is writable: evaluation, in a thread of its own, must not be the first to open it.
        """
        self.store.flush()

    def close(self) -> None:
        """Register what is pending in the store; the session must not be used afterwards."""
        # An interrupt does not reach the thread of an evaluation that builds.
        if "reporter" in self.__dict__:
            self.reporter.all_finished()
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def access(self) -> Access:
        """The archive's mirrors and the download cache."""
        from osconf.archive.acquire import Access
        from osconf.archive.mirror import parse_mirrors, read_machine_mirrors

        mirrors = read_machine_mirrors().override(parse_mirrors(self.environment.get("OSCONF_MIRRORS", "")))

        def listen(progress: Progress) -> None:
            self.reporter.progress("package index", progress.done_bytes, progress.total_bytes)

        return Access(mirrors, self.cache_dir, other_caches=(SYSTEM_CACHE,), listen=listen)

    # What results rest on

    def watch(self) -> None:
        """Write down what the evaluations from now on rest on."""
        from osconf.memo.evidence import Evidence

        self.evidence = Evidence()

    def evidence_for(self, paths: Iterable[str], links: Mapping[Path, str]) -> Evidence | None:
        """What was written down, and that these paths are in the store, with these links to paths as roots.

        None when there is nothing, or the store is not our own to look into.
        """
        from osconf.store.local import LocalStore
        from osconf.store.roots import root_links

        store, evidence = self.store, self.evidence
        if evidence is None or not isinstance(store, LocalStore):
            return None
        store.flush()
        evidence.store(str(store.layout.database))
        added = self.world.unreferenced() if "world" in self.__dict__ else ()
        for path in (*paths, *added):
            evidence.valid(path)
        for link, path in links.items():
            for part, target in root_links(store.layout, link, path).items():
                evidence.link(str(part), target)
        return evidence

    # Evaluation

    @cached_property
    def world(self) -> StoreWorld:
        """The evaluator's world; what it adds to the store waits for `commit`."""
        from osconf.rebuild.world import StoreWorld

        return StoreWorld(
            lambda: self.store,
            self.realise,
            store_dir=self.store_dir,
            store_root=self.root,
            environment=lambda name: self.environment.get(name, ""),
            fetch=self._fetch,
            fetch_git=self._fetch_git,
            fetched_time=self._fetched_time,
        )

    def evaluator(
        self,
        *,
        configuration: Path | None = None,
        search_path: Sequence[str] = (),
        is_pure: bool = False,
        is_restricted: bool = False,
        allowed_uris: Sequence[str] = (),
        features: Features = NO_FEATURES,
    ) -> Evaluator:
        """An evaluator; `configuration` decides which osconf.lock the packages come from."""
        key = (configuration, tuple(search_path), is_pure, is_restricted, tuple(allowed_uris), features)
        if key not in self._evaluators:
            from osconf.rebuild.evaluation import make_evaluator

            self._evaluators[key] = make_evaluator(
                self,
                configuration,
                search_path,
                is_pure=is_pure,
                is_restricted=is_restricted,
                allowed_uris=allowed_uris,
                features=features,
            )
        return self._evaluators[key]

    def keep_lock(self, context: ArchiveContext) -> None:
        """Remember an evaluation's lock, to be written with what the evaluation added."""
        self._locks.append(context)

    def commit(self) -> None:
        """Write what evaluations have added: to the store, and to the locks."""
        self.world.commit()
        for context in self._locks:
            context.save()

    # Building

    @cached_property
    def settings(self) -> MachineSettings:
        """What the machine and the user have set."""
        from osconf.rebuild.settings import read_settings

        return read_settings(self.environment)

    @property
    def build_settings(self) -> BuildSettings:
        """How builds run in this session."""
        from osconf.build.settings import BuildSettings
        from osconf.store.locks import PATH_LIMIT_SECONDS

        processors = os.cpu_count() or 1
        choices = self.choices
        return BuildSettings(
            jobs=choices.jobs or processors,
            cores=processors if choices.cores is None else choices.cores,
            keep_failed=choices.keep_failed,
            keep_going=choices.keep_going,
            check=choices.rebuild,
            timeout=choices.timeout,
            max_silent_time=choices.max_silent_time,
            lock_timeout=choices.lock_timeout or PATH_LIMIT_SECONDS,
            cache_dir=self.cache_dir,
            caches=() if choices.no_caches else _each_once(*choices.caches, *self.settings.substituters),
            trusted_keys=_each_once(*choices.trusted_keys, *self.settings.trusted_public_keys),
            shell=self._sandbox_shell,
            environment=self.environment,
        )

    def _sandbox_shell(self) -> Path | None:
        from osconf.rebuild.sandbox_shell import find_sandbox_shell

        return find_sandbox_shell(self)

    def realise(self, wanted: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Build `DRV!output`s; gives the paths of the outputs of each derivation."""
        from osconf.build.goals import find_present

        # Before anything that building needs is loaded: most calls find that all is there.
        present = None if self.choices.rebuild else find_present(self.store, wanted, self._known_derivation)
        if present is not None:
            return present
        from osconf.rebuild.building import build_in

        try:
            return build_in(self.store, self.builder, wanted, self.reporter)
        finally:
            self.reporter.all_finished()

    def _known_derivation(self, path: str) -> Derivation:
        """A derivation of the store; what was just evaluated need not be read again."""
        return self.world.read_derivation(path) if "world" in self.__dict__ else self.store.read_derivation(path)

    @property
    def builder(self) -> MachineBuilder:
        """What builds in this session, with its settings."""
        from osconf.rebuild.building import MachineBuilder

        return MachineBuilder(lambda: self.access, self.build_settings)

    def build(self, wanted: Sequence[Instantiated]) -> list[str]:
        """Build derivations; gives the path of each one's output that is meant."""
        built = self.realise([item.request for item in wanted])
        paths = []
        for item in wanted:
            outputs = built[item.path]
            paths.extend([outputs[item.output]] if item.output else [outputs[name] for name in sorted(outputs)])
        return paths

    def plan(self, wanted: Sequence[Instantiated]) -> list[str]:
        """The derivations that `build` would build, inputs first."""
        from osconf.rebuild.building import plan_in

        return plan_in(self.store, self.builder, [item.request for item in wanted])

    def _fetch(self, url: str, name: str, unpack: bool, expected: str | None) -> str:
        from osconf.rebuild.fetching import fetch_into_store

        return fetch_into_store(self, url, name, unpack=unpack, expected=expected)

    def _fetched_time(self, path: str) -> int | None:
        from osconf.rebuild.fetching import fetched_time

        return fetched_time(self, path)

    def _fetch_git(self, request: GitRequest) -> GitCheckout:
        from osconf.rebuild.fetching import fetch_git_into_store

        return fetch_git_into_store(self, request)


def _each_once(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
