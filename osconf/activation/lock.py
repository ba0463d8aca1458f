"""One switch at a time: an advisory lock that names its holder and dies with it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator

from osconf.errors import ActivationError
from osconf.host.protocol import Host

PATH = "/run/osconf/switch.lock"
_POLL_SECONDS = 0.5


@contextlib.contextmanager
def hold_switch_lock(host: Host, purpose: str, wait_seconds: float = 60) -> Iterator[None]:
    """Hold the lock; raises `ActivationError` with the holder's name when it stays taken."""
    host.files.make_dirs(os.path.dirname(PATH))  # noqa: PTH120
    descriptor = os.open(host.files.path(PATH), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = host.now() + wait_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if host.now() >= deadline:
                    raise _name_holder(host) from None
                host.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "purpose": purpose}).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _name_holder(host: Host) -> ActivationError:
    try:
        holder = json.loads(host.files.read_text(PATH))
        who = f"process {holder['pid']} ({holder['purpose']})"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return ActivationError(
        f"{who} is changing the system", hint="wait until it is done, then try again", code="switch-locked"
    )
