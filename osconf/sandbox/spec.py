"""What a sandbox looks like, as data. Nothing here touches the system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Bind:
    """A file or directory of the host, shown at `target`; an `optional` one may be missing."""

    source: Path | str
    target: str
    read_only: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Overlay:
    """Directories laid over each other at `target`: `lower` from top to bottom, writes go to `upper`.

    `upper` and `work` are empty directories (or an `upper` of an earlier run) on one real filesystem; without them the
    overlay is read-only.
    """

    lower: tuple[Path | str, ...]
    target: str
    upper: Path | str | None = None
    work: Path | str | None = None


@dataclass(frozen=True)
class OutsideUser:
    """Who a sandboxed program is to the rest of the system. Only root can choose."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class SandboxSpec:
    """A program and the world it sees: an empty root with /proc and a private /dev, and what is listed here.

    `uid` and `gid` are those inside; outside they are the caller's or, when root calls, those of `outside`. With uid 0
    the program has every capability over a namespace of its own, but these mounts are not its to change. `symlinks` are
    (target, link) pairs, `files` (path, content) pairs. Times are in seconds, 0 is no limit. A bind to `/` replaces the
    empty root. Without `unix_sockets` the program can make no Unix socket, only pairs of its own: over a network that
    it shares, it could give open files to others. `inherit_terminal` is for people: standard input stays, and no new
    session is made.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    uid: int = 0
    gid: int = 0
    network: bool = False
    unix_sockets: bool = True
    binds: tuple[Bind, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    tmpfs: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    symlinks: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    devices: tuple[str, ...] = ()
    outside: OutsideUser | None = None
    hostname: str = "localhost"
    timeout: float = 0
    max_silent_time: float = 0
    inherit_terminal: bool = False
    private_pids: bool = True


@dataclass(frozen=True)
class SandboxResult:
    """How the program ended; a signal counts as 128 and its number."""

    exit_code: int
    timed_out: bool = False
    silent: bool = False
    cancelled: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the program ended well."""
        return self.exit_code == 0 and not (self.timed_out or self.silent or self.cancelled)
