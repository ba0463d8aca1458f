"""Build users: who a sandboxed builder is to the rest of the system when root builds.

Each running build has a user id that nobody else has, from a range of its own: a builder is no more than a stranger to
the machine and to other builds. Nothing has to be set up; a lock file marks an id as taken. Without root there is one
user to build as, the caller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osconf.errors import BuildError
from osconf.sandbox.spec import OutsideUser
from osconf.store.local import LocalStore
from osconf.store.locks import PathLock

FIRST_UID = 872_415_232
_COUNT = 1024


@contextmanager
def claim_build_user(store: LocalStore, groups: tuple[int, ...] = ()) -> Iterator[OutsideUser | None]:
    """A user for one build while it runs; None when builds run as the caller."""
    if not can_change_user():
        yield None
        return
    for uid in range(FIRST_UID, FIRST_UID + _COUNT):
        lock = PathLock(store.layout.locks, f"uid-{uid}")
        if lock.try_acquire():
            try:
                yield OutsideUser(uid, uid, groups)
            finally:
                lock.release()
            return
    raise BuildError(f"all {_COUNT} build users are taken", hint="wait for other builds to end")


def can_change_user() -> bool:
    """Whether we are root over all user ids: not in a user namespace that knows but a few."""
    if os.geteuid() != 0:
        return False
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        inside, _, count = map(int, line.split())
        if inside <= FIRST_UID and inside + count >= FIRST_UID + _COUNT:
            return True
    return False


def hand_over(user: OutsideUser, *directories: Path) -> None:
    """Make directories and the files in them (not deeper) a build user's own."""
    for directory in directories:
        for path in (directory, *directory.iterdir()):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
