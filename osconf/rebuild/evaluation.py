"""Making an evaluator that knows the store, the archive and the module system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.lang.evaluator import EvalSettings, Evaluator
from osconf.lang.features import NO_FEATURES, Features
from osconf.lang.search_path import is_address, split_search_path
from osconf.lang.values import LazyAttrs, Value, to_latin

# Nobody commits the user's own lock, and mirrors drop what it names: it follows the archive.
USER_LOCK_AGE = timedelta(days=1)

if TYPE_CHECKING:
    from osconf.archive.archive import Archive, LockFile
    from osconf.lang.world import World
    from osconf.rebuild.session import Session


def make_evaluator(
    session: Session,
    configuration: Path | None,
    search_path: Sequence[str],
    *,
    is_pure: bool = False,
    is_restricted: bool = False,
    allowed_uris: Sequence[str] = (),
    features: Features = NO_FEATURES,
) -> Evaluator:
    """An evaluator over the session's store; packages come from the lock of the configuration.

    Without a configuration, a lock per user in the cache directory pins the archive (`osconf shell -p`).
    """
    return Evaluator(
        _world_of(session),
        internal=lambda: make_internal(session, configuration),
        settings=EvalSettings(
            pure=is_pure,
            restricted=is_restricted,
            pipes=features.pipes,
            toml_timestamps=features.toml_timestamps,
            no_url_literals=features.no_url_literals,
            allowed_uris=tuple(allowed_uris),
            search_path=() if is_pure else parse_search_path(search_path, session.environment),
            cache_dir=session.cache_dir / "code",
        ),
    )


def _world_of(session: Session) -> World:
    """The session's world, watched when the session watches."""
    if session.evidence is None:
        return session.world
    from osconf.memo.outcome import IGNORED_VARIABLES
    from osconf.memo.world import WatchedWorld

    return WatchedWorld(session.world, session.evidence, IGNORED_VARIABLES)


def parse_search_path(given: Sequence[str], environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The entries of `-I`, `OSCONF_PATH` and `NIX_PATH` in this order: `prefix=path`, or a path for every prefix."""
    entries = list(given)
    for variable in ("OSCONF_PATH", "NIX_PATH"):
        entries += split_search_path(environment.get(variable, ""))
    pairs = (entry.partition("=") if "=" in entry else ("", "=", entry) for entry in entries)
    return tuple(
        (to_latin(prefix), to_latin(place if is_address(place) else str(Path(place).absolute())))
        for prefix, _, place in pairs
    )


def make_internal(session: Session, configuration: Path | None) -> LazyAttrs:
    """What `import <osconf/primops>` holds: the engine of the module system, and the archive.

    The archive is opened (and its code imported) when an expression asks for one of its members.
    """
    from osconf.module_system.primops import MODULE_PRIMOPS

    archive: dict[str, Value] = {}

    def members() -> dict[str, Value]:
        if not archive:
            from osconf.rebuild.primops import ArchiveContext, make_internal_primops

            context = ArchiveContext(session.access, open_lock(session, configuration))
            session.keep_lock(context)
            archive.update(make_internal_primops(context))
        return archive

    def lookup(name: str) -> Value:
        return MODULE_PRIMOPS[name] if name in MODULE_PRIMOPS else members()[name]

    return LazyAttrs(lambda: [*MODULE_PRIMOPS, *members()], lookup)


def open_lock(session: Session, configuration: Path | None) -> LockFile:
    """The lock of a configuration, or the user's own."""
    from osconf.archive.archive import LockFile, refresh_lock
    from osconf.rebuild.locks import lock_path

    if configuration is not None:
        path = lock_path(configuration)
        _rest_on(session, path)
        return LockFile(path, waits=True)
    session.cache_dir.mkdir(parents=True, exist_ok=True)
    path = session.cache_dir / "user.lock"
    refresh_lock(session.access, path, USER_LOCK_AGE)
    _rest_on(session, path)
    if session.evidence is not None:
        session.evidence.age(str(path), USER_LOCK_AGE.total_seconds())
    return LockFile(path)


def _rest_on(session: Session, lock: Path) -> None:
    """What the packages are is decided by the lock alone."""
    if session.evidence is not None:
        session.evidence.content(str(lock))


def open_default_archive(session: Session, configuration: Path | None) -> Archive:
    """The archive of the default sources."""
    from osconf.archive.archive import Archive
    from osconf.archive.source import Source
    from osconf.lang.evaluator import run_deep
    from osconf.rebuild.primops import to_python

    def read_sources() -> list[dict[str, Any]]:
        evaluator = session.evaluator(configuration=configuration)
        sources: list[dict[str, Any]] = to_python(evaluator.eval_text("(import <osconf/pkgs> { }).sources"))
        return sources

    sources = [Source.from_json(source) for source in run_deep(read_sources)]
    return Archive(session.access, sources, open_lock(session, configuration))
