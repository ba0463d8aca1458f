"""Locks between processes that share a store: `flock` files, released by the kernel when a process dies.

Every wait is a `LockWait`: it says who holds the lock when it lasts, and has an end.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from osconf.errors import StoreError

LIMIT_SECONDS = 900.0
"""How long a process waits for what others do in a moment, or, like a collection of garbage, in minutes."""
PATH_LIMIT_SECONDS = 4 * 3600.0
"""How long it waits for a path that another makes, which may be a long build."""
OPTIMISE_LOCK = "optimise"
"""The name that `store optimise` holds: meanwhile directories may be writable."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
_SILENT_SECONDS = 2.0
_COMMAND_LENGTH = 80
_UNKNOWN_HOLDER = "another process"
# A lock file too: the garbage collector removes it when nobody holds it.
_WANTED = ".wanted.lock"


class LockTimeout(StoreError):
    """Another process holds a lock for too long."""

    code = "lock-timeout"


class LockWait:
    """A wait for the lock on one file; `what` names it to people. Call `pause` between two attempts.

    `tell` is called with the holder when the wait has lasted `silent` seconds, and when another holds it then.
    """

    def __init__(
        self,
        file: Path,
        what: str,
        *,
        limit: float = LIMIT_SECONDS,
        silent: float | None = None,
        tell: Callable[[str], object] | None = None,
    ) -> None:
        self.file = file
        self.what = what
        self.limit = limit
        self.tell = tell or self._log
        self.started = time.monotonic()
        self.tell_at = self.started + (_SILENT_SECONDS if silent is None else silent)
        self.told = ""
        self.step = _FIRST_PAUSE

    def pause(self, sleep: Callable[[float], object] = time.sleep) -> None:
        """Sleep a little; raises `LockTimeout`, which names the holder, when the time is over (a limit of 0: never)."""
        now = time.monotonic()
        if self.limit and now - self.started > self.limit:
            raise LockTimeout(
                f"the lock on {self.what} did not get free within {self.limit:g} seconds: it is held by"
                f" {describe_holder(self.file)}",
                hint="wait for that process to end, or end it; then try again",
            )
        if now >= self.tell_at:
            holder = describe_holder(self.file)
            # When it is given back just now, nobody holds it.
            if holder != self.told and not (self.told and holder == _UNKNOWN_HOLDER):
                self.told = holder
                self.tell(holder)
            self.tell_at = now + _SILENT_SECONDS
        sleep(self.step)
        self.step = min(self.step * 2, _LONGEST_PAUSE)

    def _log(self, holder: str) -> None:
        from osconf.log import logger

        logger.warning("waiting for the lock on %s, held by %s", self.what, holder)


def describe_holder(file: Path) -> str:
    """Who holds the lock on a file: `pid 12 (osconf build x.nix)`, as far as this process may know."""
    found = [pid for pid in _holders(file) if pid != os.getpid()]
    if not found:
        return _UNKNOWN_HOLDER
    command = ""
    with suppress(OSError):
        words = Path(f"/proc/{found[0]}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        if len(words) > 1 and Path(words[0]).name.startswith("python"):
            words = words[1:]
        text = " ".join([Path(words[0]).name, *words[1:]])
        # It is whatever somebody else's process says, and goes to a terminal.
        command = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if len(command) > _COMMAND_LENGTH:
        command = f"{command[:_COMMAND_LENGTH]}…"
    return f"pid {found[0]}{f' ({command})' if command else ''}"


def _holders(file: Path) -> list[int]:
    """The processes that hold a lock on a file, exclusive ones first. In /proc/locks those that wait have an arrow."""
    try:
        inode = file.stat().st_ino
        lines = Path("/proc/locks").read_text("ascii", "replace").splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines if "->" not in line]
    held = [words for words in fields if len(words) > 5 and words[5].endswith(f":{inode}")]
    return [int(words[4]) for words in sorted(held, key=lambda words: words[3] != "WRITE") if int(words[4]) > 0]


class PathLock:
    """An exclusive lock on one name, also between threads of a process."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.file = directory / f"{name}.lock"
        self.descriptor = -1

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it."""
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        # The previous holder may have removed the file between our open and flock: then the lock guards nothing.
        if os.fstat(descriptor).st_nlink == 0:
            os.close(descriptor)
            return self.try_acquire()
        self.descriptor = descriptor
        return True

    def acquire(self) -> None:
        """Take the lock, waiting for its holder."""
        if not self.try_acquire():
            wait = LockWait(self.file, f"'{self.name}'", limit=PATH_LIMIT_SECONDS)
            while not self.try_acquire():
                wait.pause()

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self.descriptor >= 0:
            with suppress(FileNotFoundError):
                self.file.unlink()
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> PathLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def want_path(directory: Path, name: str) -> Iterator[None]:
    """Let whoever makes a path know, with `is_wanted`, that somebody else waits for it."""
    while True:
        descriptor = os.open(directory / f"{name}{_WANTED}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def is_wanted(directory: Path, name: str) -> bool:
    """Whether another process waits for a path."""
    try:
        descriptor = os.open(directory / f"{name}{_WANTED}", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def hold_lock(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock file that stays: shared or exclusive."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        wait = LockWait(file, f"'{file}'")
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                wait.pause()
        yield
    finally:
        os.close(descriptor)


class TemporaryRoots:
    """The paths that this process needs: a file that the garbage collector reads while its owner holds it locked.

    Safe for threads.
    """

    def __init__(self, directory: Path, gc_lock: Path) -> None:
        self.directory = directory
        self.gc_lock = gc_lock
        self.known: set[str] = set()
        self.descriptor = -1
        self.file = Path()
        self.lock = threading.Lock()
        self.numbers = itertools.count()

    def add(self, paths: Iterable[str]) -> None:
        """Keep these alive from now until this process ends; waits while garbage is being found."""
        with self.lock:
            new = [path for path in paths if path not in self.known]
            if not new:
                return
            with hold_lock(self.gc_lock, exclusive=False):
                if self.descriptor < 0:
                    self._open()
                data = b"".join(os.fsencode(path) + b"\n" for path in new)
                while data:
                    data = data[os.write(self.descriptor, data) :]
            self.known.update(new)

    def fresh_name(self) -> str:
        """A new name for something that this process makes: the collector lets it be until the process ends."""
        with self.lock:
            if self.descriptor < 0:
                with hold_lock(self.gc_lock, exclusive=False):
                    self._open()
            return f"{self.file.name}-{next(self.numbers)}"

    def _open(self) -> None:
        while True:
            # Process ids come again, after a boot the same programs even get the same ones.
            self.file = self.directory / f"{os.getpid()}.{os.urandom(4).hex()}"
            with suppress(FileExistsError):
                self.descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                break
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go of everything."""
        if self.descriptor >= 0:
            with suppress(FileNotFoundError):
                self.file.unlink()
            os.close(self.descriptor)
            self.descriptor = -1
        self.known.clear()


def read_temporary_roots(directory: Path) -> set[str]:
    """The paths that living processes need; files of dead ones are removed.

    Call it with the gc lock held exclusively.
    """
    found: set[str] = set()
    for file in directory.iterdir():
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            # Its owner let go of everything just now; what it made is registered.
            continue
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
                found.update(os.fsdecode(line) for line in text.split(b"\n") if line)
            else:
                file.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    return found


def remove_stale_locks(directory: Path) -> None:
    """Remove the lock files of processes that died."""
    for file in directory.glob("*.lock"):
        lock = PathLock(directory, file.name.removesuffix(".lock"))
        if lock.try_acquire():
            lock.release()
