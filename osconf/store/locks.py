"""Locks between processes that share a store: `flock` files, released by the kernel when a process dies."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_SECONDS = 0.05


class PathLock:
    """An exclusive lock on one name, also between threads of a process."""

    def __init__(self, directory: Path, name: str) -> None:
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

    def acquire(self, poll: float = _POLL_SECONDS) -> bool:
        """Take the lock, waiting for its holder; returns whether there was one."""
        waited = False
        while not self.try_acquire():
            waited = True
            time.sleep(poll)
        return waited

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
def hold_lock(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock file that stays: shared or exclusive, waiting as long as it takes."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


class TemporaryRoots:
    """The paths that this process needs: a file that the garbage collector reads while its owner holds it locked."""

    def __init__(self, directory: Path, gc_lock: Path) -> None:
        self.directory = directory
        self.gc_lock = gc_lock
        self.known: set[str] = set()
        self.descriptor = -1
        self.file = Path()

    def add(self, path: str) -> None:
        """Keep `path` alive from now until this process ends; waits while garbage is being found."""
        if path in self.known:
            return
        with hold_lock(self.gc_lock, exclusive=False):
            if self.descriptor < 0:
                self._open()
            os.write(self.descriptor, os.fsencode(path) + b"\n")
        self.known.add(path)

    def owner(self) -> str:
        """A name for what this process is making: the collector lets it be until the process ends."""
        if self.descriptor < 0:
            with hold_lock(self.gc_lock, exclusive=False):
                self._open()
        return self.file.name

    def _open(self) -> None:
        while True:
            # Process ids come again, after a boot the same programs even get the same ones.
            self.file = self.directory / f"{os.getpid()}.{secrets.token_hex(4)}"
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
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read_bytes()
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
