"""The database of valid paths: SQLite with a write-ahead log, foreign keys and numbered migrations.

Owns every SQL statement about paths. It knows nothing of the filesystem: `local` makes sure that bytes are on the disk
before a row says so. One connection serves all threads of a process, behind a lock.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import HASH_LENGTH
from osconf.store.locks import describe_holder

_MIGRATIONS = ((1, "schema.sql"),)
_BUSY_SECONDS = 300
_ASK_AGAIN_SECONDS = 0.02
_MAX_VARIABLES = 500
# How often a database that changes while it is copied is copied anew.
_COPIES = 10
# What SQLite needs beside the file to work at all: shared memory and the first pages of its log.
_LOG_BYTES = 1 << 17
# Files that are no disk's, for a copy where the disk is full.
_MEMORY = Path("/dev/shm")

_INFO_COLUMNS = "id, path, nar_hash, nar_size, registration_time, deriver, ultimate, signatures, content_address"


class DatabaseDamaged(StoreError):
    """The database file cannot be read as one."""

    code = "database-damaged"


class Database:
    """The rows of one store."""

    def __init__(self, file: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.file = file
        self.lock = threading.RLock()
        self.connection = self._connect(file, read_only)
        try:
            if not read_only:
                self._choose_journal()
                self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            self.connection.execute("PRAGMA foreign_keys = ON")
            self._migrate(read_only)
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise explain_database_error(file, error) from error

    @staticmethod
    def _connect(file: Path, read_only: bool) -> sqlite3.Connection:
        if not read_only:
            return _open_file(file, "mode=rwc")
        try:
            return _open_and_read(file, "mode=ro")
        except sqlite3.OperationalError:
            # Without a writer there is no shared memory file, and we may not make one where the database is.
            log = file.with_name(f"{file.name}-wal")
            if is_read_only(file) and not (log.exists() and log.stat().st_size):
                return _open_and_read(file, "mode=ro&immutable=1")
            return _open_copy(file, log)

    def _choose_journal(self) -> None:
        """Use a write-ahead log. Where others make the database too, SQLite does not wait for them: ask again."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_ASK_AGAIN_SECONDS)

    def _migrate(self, read_only: bool) -> None:
        applied = self._applied_version()
        newest = _MIGRATIONS[-1][0]
        if applied > newest:
            raise StoreError(
                f"the store database '{self.file}' has version {applied}, this osconf knows {newest}",
                code="database-too-new",
                hint="use the newer osconf that wrote it",
            )
        if applied == newest:
            return
        if read_only:
            raise StoreError(f"the store database '{self.file}' must first be opened by its owner")
        from importlib.resources import files

        with self.transaction():
            applied = self._applied_version()
            for version, name in _MIGRATIONS:
                if version > applied:
                    for statement in _statements(files("osconf.store").joinpath(name).read_text("utf-8")):
                        self.connection.execute(statement)
                    self.connection.execute("INSERT INTO migrations VALUES (?, ?)", (version, int(time.time())))

    def _applied_version(self) -> int:
        found = self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
        if found is None:
            return 0
        return int(self.connection.execute("SELECT max(version) FROM migrations").fetchone()[0] or 0)

    def close(self) -> None:
        """Close the file; the object is useless afterwards."""
        with self.lock:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that are committed together, or not at all."""
        with self.lock:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self.connection
                except BaseException:
                    self.connection.execute("ROLLBACK")
                    raise
                self.connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise explain_database_error(self.file, error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several questions have answers of one moment, whatever other processes write meanwhile."""
        with self.lock:
            if self.connection.in_transaction:
                yield
                return
            try:
                self.connection.execute("BEGIN")
                try:
                    yield
                finally:
                    self.connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise explain_database_error(self.file, error) from error

    def _rows(self, statement: str, parameters: Iterable[object] = ()) -> list[tuple[object, ...]]:
        with self.lock:
            try:
                return self.connection.execute(statement, tuple(parameters)).fetchall()
            except sqlite3.Error as error:
                raise explain_database_error(self.file, error) from error

    def is_valid(self, path: str) -> bool:
        """Whether the path has a row."""
        return bool(self._rows("SELECT 1 FROM paths WHERE path = ?", (path,)))

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that are valid."""
        found: set[str] = set()
        for part in _parts(sorted(set(paths))):
            marks = ",".join("?" * len(part))
            found.update(str(row[0]) for row in self._rows(f"SELECT path FROM paths WHERE path IN ({marks})", part))
        return found

    def is_empty(self) -> bool:
        """Whether no path is valid."""
        return not self._rows("SELECT 1 FROM paths LIMIT 1")

    def valid_paths(self) -> list[str]:
        """Every valid path, sorted."""
        return [str(row[0]) for row in self._rows("SELECT path FROM paths ORDER BY path")]

    def has_name(self, name: str, store_dir: str) -> bool:
        """Whether a valid path has this name, whatever its hash part."""
        at = len(store_dir) + HASH_LENGTH + 3
        return bool(self._rows("SELECT 1 FROM paths WHERE substr(path, ?) = ? LIMIT 1", (at, name)))

    def path_with_hash_part(self, prefix: str) -> str | None:
        """The valid path that starts with `prefix`, if there is one."""
        rows = self._rows("SELECT path FROM paths WHERE path >= ? ORDER BY path LIMIT 1", (prefix,))
        return str(rows[0][0]) if rows and str(rows[0][0]).startswith(prefix) else None

    def query_path_info(self, path: str) -> PathInfo | None:
        """Everything known of a path; None when it is not valid."""
        with self.snapshot():
            rows = self._rows(f"SELECT {_INFO_COLUMNS} FROM paths WHERE path = ?", (path,))
            return self._read_info(rows[0]) if rows else None

    def _read_info(self, row: tuple[object, ...]) -> PathInfo:
        identity, path, nar_hash, nar_size, registered, deriver, ultimate, signatures, content_address = row
        references = self._rows(
            "SELECT p.path FROM refs r JOIN paths p ON p.id = r.reference WHERE r.referrer = ?", (identity,)
        )
        return PathInfo(
            path=str(path),
            nar_hash=Hash.parse(str(nar_hash)),
            nar_size=int(str(nar_size)),
            references=frozenset(str(reference[0]) for reference in references),
            deriver=None if deriver is None else str(deriver),
            registration_time=int(str(registered)),
            ultimate=bool(ultimate),
            signatures=tuple(str(signatures).split()),
            content_address=None if content_address is None else str(content_address),
        )

    def register(self, infos: Iterable[PathInfo], derivation_outputs: Mapping[str, Mapping[str, str]]) -> None:
        """Make paths valid in one transaction; an already valid path is updated.

        `derivation_outputs` maps a `.drv` among them to its outputs' paths.
        """
        infos = list(infos)
        now = int(time.time())
        with self.transaction() as connection:
            identities: dict[str, int] = {}
            for info in infos:
                row = connection.execute(
                    "INSERT INTO paths (path, nar_hash, nar_size, registration_time, deriver, ultimate, signatures,"
                    " content_address) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
                    " nar_hash = excluded.nar_hash, nar_size = excluded.nar_size,"
                    " deriver = coalesce(excluded.deriver, deriver), ultimate = max(ultimate, excluded.ultimate),"
                    " signatures = CASE excluded.signatures WHEN '' THEN signatures ELSE excluded.signatures END,"
                    " content_address = coalesce(excluded.content_address, content_address) RETURNING id",
                    (
                        info.path,
                        info.nar_hash.prefixed("base16"),
                        info.nar_size,
                        info.registration_time or now,
                        info.deriver,
                        int(info.ultimate),
                        " ".join(info.signatures),
                        info.content_address,
                    ),
                ).fetchone()
                identities[info.path] = row[0]
            for info in infos:
                self._insert_references(connection, info, identities)
                for output, path in derivation_outputs.get(info.path, {}).items():
                    connection.execute(
                        "INSERT OR REPLACE INTO derivation_outputs VALUES (?, ?, ?)",
                        (identities[info.path], output, path),
                    )

    def _insert_references(self, connection: sqlite3.Connection, info: PathInfo, identities: dict[str, int]) -> None:
        for reference in info.references:
            if reference not in identities:
                row = connection.execute("SELECT id FROM paths WHERE path = ?", (reference,)).fetchone()
                if row is None:
                    raise StoreError(
                        f"path '{info.path}' refers to '{reference}', which is not valid", code="reference-not-valid"
                    )
                identities[reference] = row[0]
            connection.execute(
                "INSERT OR IGNORE INTO refs VALUES (?, ?)", (identities[info.path], identities[reference])
            )

    def set_signatures(self, signatures: Mapping[str, Iterable[str]]) -> None:
        """Replace the signatures of valid paths, in one transaction."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE paths SET signatures = ? WHERE path = ?",
                [(" ".join(sorted(set(texts))), path) for path, texts in signatures.items()],
            )

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure of `paths` with what it refers to (itself left out)."""
        edges: dict[str, list[str]] = {}
        for part in _parts(sorted(set(paths))):
            marks = ",".join(["(?)"] * len(part))
            for referrer, reference in self._rows(
                f"WITH RECURSIVE wanted (path) AS (VALUES {marks}), closure (id) AS ("
                " SELECT p.id FROM wanted w JOIN paths p ON p.path = w.path"
                " UNION SELECT r.reference FROM closure c JOIN refs r ON r.referrer = c.id)"
                " SELECT p.path, q.path FROM closure c JOIN paths p ON p.id = c.id"
                " LEFT JOIN refs r ON r.referrer = c.id AND r.reference <> c.id"
                " LEFT JOIN paths q ON q.id = r.reference",
                part,
            ):
                known = edges.setdefault(str(referrer), [])
                if reference is not None:
                    known.append(str(reference))
        return edges

    def all_edges(self) -> dict[str, list[str]]:
        """Every valid path with what it refers to (itself left out)."""
        with self.snapshot():
            edges: dict[str, list[str]] = {path: [] for path in self.valid_paths()}
            for referrer, reference in self._rows(
                "SELECT p.path, q.path FROM refs r JOIN paths p ON p.id = r.referrer JOIN paths q ON q.id = r.reference"
                " WHERE r.referrer <> r.reference"
            ):
                edges[str(referrer)].append(str(reference))
            return edges

    def referrers(self, path: str) -> list[str]:
        """The valid paths that refer to `path`, sorted."""
        return [
            str(row[0])
            for row in self._rows(
                "SELECT q.path FROM paths p JOIN refs r ON r.reference = p.id JOIN paths q ON q.id = r.referrer"
                " WHERE p.path = ? ORDER BY q.path",
                (path,),
            )
        ]

    def derivers(self) -> dict[str, str]:
        """Each valid path with its recorded deriver, where that is valid too."""
        rows = self._rows("SELECT p.path, p.deriver FROM paths p JOIN paths d ON d.path = p.deriver")
        return {str(path): str(deriver) for path, deriver in rows}

    def derivation_outputs(self) -> list[tuple[str, str]]:
        """Every (.drv, output path) of which both are valid."""
        rows = self._rows(
            "SELECT d.path, o.path FROM derivation_outputs o JOIN paths d ON d.id = o.drv"
            " JOIN paths p ON p.path = o.path"
        )
        return [(str(drv), str(path)) for drv, path in rows]

    def derivers_of(self, path: str) -> list[str]:
        """The valid derivations that make `path`."""
        return [
            str(row[0])
            for row in self._rows(
                "SELECT d.path FROM derivation_outputs o JOIN paths d ON d.id = o.drv WHERE o.path = ? ORDER BY 1",
                (path,),
            )
        ]

    def invalidate(self, paths: Iterable[str]) -> None:
        """Forget paths in one transaction; refused when a path that stays refers to one of them."""
        with self.transaction() as connection:
            rows = [(path,) for path in paths]
            connection.executemany("DELETE FROM paths WHERE path = ?", rows)

    def checkpoint(self) -> None:
        """Empty the write-ahead log into the file; without effect while others read."""
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_integrity(self) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found


def _open_file(file: Path, options: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{file.absolute().as_uri()}?{options}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise explain_database_error(file, error) from error


def _open_and_read(file: Path, options: str) -> sqlite3.Connection:
    connection = _open_file(file, options)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_read_only(place: Path) -> bool:
    """Whether a file is on a filesystem, or behind a mount, that nobody writes through."""
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def _open_copy(file: Path, log: Path) -> sqlite3.Connection:
    """Read a database of somebody else's, which may change under us and be complete with its log alone."""
    try:
        return _open_copy_in(None, file, log)
    except (OSError, sqlite3.Error) as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT) if isinstance(error, OSError) else "full" in str(error)
        if not is_full or not _MEMORY.is_dir():
            raise
        return _open_copy_in(_MEMORY, file, log)


def _open_copy_in(place: Path | None, file: Path, log: Path) -> sqlite3.Connection:
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="osconf-database-", dir=place) as directory:
        copy = Path(directory) / file.name
        for _ in range(_COPIES):
            before = _stamps(file, log)
            shutil.copyfile(file, copy)
            if log.exists():
                shutil.copyfile(log, copy.with_name(log.name))
            if _stamps(file, log) == before:
                break
        # What is open stays when the directory goes.
        return _open_and_read(copy, "mode=rw")


def _stamps(*files: Path) -> list[tuple[int, int] | None]:
    """What changes when one of these files does."""
    found = [file.stat() if file.exists() else None for file in files]
    return [status and (status.st_mtime_ns, status.st_size) for status in found]


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, so that they run inside the caller's transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _MAX_VARIABLES):
        yield values[start : start + _MAX_VARIABLES]


def explain_database_error(file: Path, error: sqlite3.Error) -> StoreError:
    """The error for a user: what happened to which file, and what to do."""
    text = str(error)
    if "FOREIGN KEY" in text:
        return StoreError("a path that stays in the store refers to one that would be removed", code="path-in-use")
    if "full" in text or ("I/O error" in text and _is_disk_full(file)):
        return StoreError(
            f"no space left for the store database '{file}'",
            code="no-space",
            hint="free some space with 'osconf gc', then try again",
        )
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return StoreError(
            f"cannot write the store database '{file}': {text}",
            code="store-not-writable",
            hint="run as root, or choose a store of your own with '--store DIR'",
        )
    if "I/O error" in text:
        return StoreError(
            f"the store database '{file}' cannot be read or written: {text}",
            code="disk-failure",
            hint="the disk or its filesystem has a fault: `dmesg` may tell which",
        )
    if "locked" in text:
        holder = describe_holder(file.with_name(f"{file.name}-shm"))
        return StoreError(
            f"the store database '{file}' was busy for {_BUSY_SECONDS} seconds: it is held by {holder}",
            code="lock-timeout",
            hint="wait for that process to end, or end it; then try again",
        )
    return DatabaseDamaged(
        f"the store database '{file}' is damaged: {text}",
        hint="`osconf store recover` makes a new one from what is on the disk; or restore it from a backup",
    )


def _is_disk_full(file: Path) -> bool:
    try:
        status = os.statvfs(file.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _LOG_BYTES
