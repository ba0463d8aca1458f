"""Who is at the other end of a connection, and what they may do."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from osconf.errors import StoreError

_CREDENTIALS = struct.Struct("3i")


class NotAllowed(StoreError):
    """The store's daemon refuses something to a user."""

    code = "not-allowed"


@dataclass(frozen=True)
class Peer:
    """A user, as the kernel vouches for them."""

    uid: int
    gid: int
    pid: int = 0
    name: str = ""
    groups: frozenset[str] = frozenset()

    @classmethod
    def of_socket(cls, connection: socket.socket) -> Peer:
        """Who connected to a Unix socket."""
        pid, uid, gid = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        return cls.from_ids(uid, gid, pid)

    @classmethod
    def of_process(cls) -> Peer:
        """Ourselves."""
        return cls.from_ids(os.geteuid(), os.getegid(), os.getpid())

    @classmethod
    def from_ids(cls, uid: int, gid: int, pid: int = 0) -> Peer:
        """Look the names up; a user without an entry is called by their number."""
        try:
            name = pwd.getpwuid(uid).pw_name
            numbers = os.getgrouplist(name, gid)
        except KeyError:
            name, numbers = str(uid), [gid]
        return cls(uid, gid, pid, name, frozenset(_group_name(number) for number in numbers))


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


@dataclass(frozen=True)
class Policy:
    """Who may connect, and who may do what root may: user names, `@GROUP` and `*`.

    Root is always trusted, and so is who runs the daemon.
    """

    allowed: tuple[str, ...] = ("*",)
    trusted: tuple[str, ...] = ()

    def allows(self, peer: Peer) -> bool:
        """Whether the user may use the store at all."""
        return self.trusts(peer) or _matches(peer, self.allowed)

    def trusts(self, peer: Peer) -> bool:
        """Whether the user may add unsigned paths, delete paths and choose caches and keys."""
        return peer.uid in (0, os.geteuid()) or _matches(peer, self.trusted)


def _matches(peer: Peer, entries: Iterable[str]) -> bool:
    return any(
        entry == "*" or (entry[1:] in peer.groups if entry.startswith("@") else entry in (peer.name, str(peer.uid)))
        for entry in entries
    )
