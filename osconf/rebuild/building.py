"""How a session builds: itself, in a store that it may write, or by asking the daemon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING

from osconf.build.realise import plan_builds, realise
from osconf.build.reporter import Reporter
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.rebuild.builders import prefetch_debs
from osconf.rebuild.registry import make_builders
from osconf.store.interface import Store
from osconf.store.local import LocalStore

if TYPE_CHECKING:
    from osconf.archive.acquire import Access
    from osconf.archive.fetch import Progress

Outputs = Mapping[str, Mapping[str, str]]


class MachineBuilder:
    """Builds in a local store, with every builtin builder and the archive."""

    def __init__(self, open_access: Callable[[], Access], settings: BuildSettings) -> None:
        self._open_access = open_access
        self.settings = settings

    def realise(
        self,
        store: LocalStore,
        wanted: Sequence[str],
        settings: BuildSettings,
        reporter: Reporter,
        cancelled: Event | None = None,
    ) -> Outputs:
        """Build `DRV!output`s; gives the paths of the outputs of each derivation."""

        def show_download(progress: Progress) -> None:
            if cancelled is not None and cancelled.is_set():
                raise BuildError("the build was interrupted", code="interrupted")
            reporter.progress("packages", progress.done_bytes, progress.total_bytes)

        access = self._open_access()

        def prefetch(derivations: list[Derivation]) -> None:
            # All packages that will be unpacked are downloaded together before anything is built.
            prefetch_debs(access, derivations, show_download)

        return realise(store, wanted, make_builders(access), settings, reporter, cancelled, prefetch)

    def plan(self, store: LocalStore, wanted: Sequence[str], settings: BuildSettings) -> list[str]:
        """The derivations that `realise` would build, inputs first."""
        return plan_builds(store, wanted, settings)


def build_in(store: Store, builder: MachineBuilder, wanted: Sequence[str], reporter: Reporter) -> Outputs:
    """Build in whichever store a session has."""
    if isinstance(store, LocalStore):
        return builder.realise(store, wanted, builder.settings, reporter)
    from osconf.daemon.client import DaemonStore

    assert isinstance(store, DaemonStore)
    return store.realise(wanted, _options(builder.settings), reporter)


def plan_in(store: Store, builder: MachineBuilder, wanted: Sequence[str]) -> list[str]:
    """The derivations that `build_in` would build."""
    if isinstance(store, LocalStore):
        return builder.plan(store, wanted, builder.settings)
    from osconf.daemon.client import DaemonStore

    assert isinstance(store, DaemonStore)
    return store.plan(wanted)


def _options(settings: BuildSettings) -> dict[str, object]:
    """What a client asks for; the daemon leaves out what it may not choose."""
    return {
        "jobs": settings.jobs,
        "cores": settings.cores,
        "keepGoing": settings.keep_going,
        "keepFailed": settings.keep_failed,
        "check": settings.check,
        "timeout": settings.timeout,
        "maxSilentTime": settings.max_silent_time,
        "caches": settings.caches,
        "trustedKeys": settings.trusted_keys,
    }
