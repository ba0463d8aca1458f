"""Copying closures between the store, binary caches and other machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

from osconf.build.logs import find_log, keep_log
from osconf.errors import OsconfError
from osconf.store.binary_cache import BinaryCache, FileCache, open_cache
from osconf.store.interface import Store
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.stream import import_paths
from osconf.store.transfer import receive_closure

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

Listen = Callable[[str], None]


def copy_to(
    session: Session,
    address: str,
    paths: Sequence[str],
    listen: Listen,
    *,
    key: SecretKey | None = None,
    compression: str = "zstd",
) -> None:
    """Copy the closure of store paths to a directory (`file://`) or to a machine (`ssh://`)."""
    store = session.store
    if address.startswith("ssh://"):
        from osconf.rebuild.remote import Target

        for path in Target.from_arg(address, session.environment).copy_closure(store, paths):
            listen(path)
        return
    cache = _open_writable(address, store.store_dir, "use file:// or ssh://")
    for path in store.closure(paths):
        if cache.query(path) is None:
            cache.add(store, path, key=key, compression=compression)
            listen(path)


def _open_writable(address: str, store_dir: str, hint: str) -> FileCache:
    cache = open_cache(address, store_dir)
    if not isinstance(cache, FileCache):
        raise OsconfError(f"cannot write to '{address}'", code="cache-read-only", hint=hint)
    return cache


def copy_logs_to(session: Session, address: str, paths: Sequence[str]) -> None:
    """Copy the logs of the builds of derivations or outputs to a directory (`file://`)."""
    cache = _open_writable(address, session.store_dir, "use file://")
    _copy_logs(paths, lambda path: find_log(session.store, path), cache.add_log)


def copy_logs_from(session: Session, address: str, paths: Sequence[str]) -> None:
    """Copy the logs of the builds of derivations or outputs from a binary cache."""
    store, cache = session.local_store, open_cache(address, session.store_dir)
    _copy_logs(paths, lambda path: find_log(store, path, [cache]), lambda drv_path, log: keep_log(store, drv_path, log))


def _copy_logs(
    paths: Sequence[str], find: Callable[[str], tuple[str, bytes] | None], keep: Callable[[str, bytes], None]
) -> None:
    missing = []
    for path in paths:
        found = find(path)
        if found is None:
            missing.append(path)
        else:
            keep(*found)
    if missing:
        more = f" and of {len(missing) - 1} more paths" if len(missing) > 1 else ""
        raise OsconfError(f"there is no log of '{missing[0]}'{more}; all others were copied", code="no-log")


def import_into(store: Store, source: BinaryIO) -> list[str]:
    """Add the paths of a stream of `osconf store export`, here or by the daemon."""
    if isinstance(store, LocalStore):
        return import_paths(store, source)
    from osconf.daemon.client import DaemonStore

    assert isinstance(store, DaemonStore)
    return store.import_stream(source)


def receive_into(store: Store, source: BinaryIO, answers: BinaryIO) -> list[str]:
    """Take a closure that another machine sends, here or by the daemon."""
    if isinstance(store, LocalStore):
        return receive_closure(store, source, answers)
    from osconf.daemon.client import DaemonStore

    assert isinstance(store, DaemonStore)
    return store.receive_closure(source, answers)


def copy_from(
    session: Session, address: str, paths: Sequence[str], listen: Listen, *, trusted_keys: Sequence[str] = ()
) -> None:
    """Copy the closure of store paths from a binary cache, or from a machine (`ssh://`, which is trusted)."""
    store = session.store
    if address.startswith("ssh://"):
        _copy_from_machine(session, address, paths, listen)
        return
    cache = open_cache(address, store.store_dir)
    keys = parse_public_keys(trusted_keys)
    wanted = cache.closure(paths, store.is_valid)
    if wanted is None:
        raise OsconfError(_explain_missing(cache, store, paths), code="not-in-cache")
    cache.fetch_all(store, wanted, keys, listen)
    store.flush()


def _explain_missing(cache: BinaryCache, store: Store, paths: Sequence[str]) -> str:
    """Which path of a closure is neither here nor in the cache, and what needs it."""
    needed_by = dict.fromkeys(paths, "")
    pending = list(paths)
    for path in pending:
        if store.is_valid(path):
            continue
        narinfo = cache.query(path)
        if narinfo is None:
            need = f", which '{needed_by[path]}' refers to" if needed_by[path] else ""
            return f"'{cache.name}' does not have '{path}'{need}"
        for reference in sorted(narinfo.info.references - needed_by.keys()):
            needed_by[reference] = path
            pending.append(reference)
    return f"'{cache.name}' does not have all of these paths"


def _copy_from_machine(session: Session, address: str, paths: Sequence[str], listen: Listen) -> None:
    """Let the other machine send what is missing here."""
    from osconf.rebuild.remote import Target

    target = Target.from_arg(address, session.environment)
    copied = target.converse(
        ["osconf", "store", "send", *paths],
        lambda to, answers: receive_into(session.store, answers, to),
        f"copy from {target.host}",
    )
    for path in copied:
        listen(path)
