"""What a process that builds for an untrusted user sees of the machine.

Builtin builders run as root, and follow links and read addresses that a stranger wrote. So they run where there is
nothing to be found that the stranger may not read: the programs, the store, the download cache and what name resolution
needs; their own processes, harmless devices, nobody's homes and secrets. Whoever is not root cannot be confined so and
serves nobody but themselves.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from osconf.sandbox.launcher import (
    BASE,
    CLONE_NEWNS,
    CLONE_NEWPID,
    HOST,
    LINKS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    NODES,
    check,
    libc,
    make_read_only,
    mount,
    pivot,
)
from osconf.store.layout import StoreLayout

_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_NETWORK = (
    *(f"/etc/{name}" for name in ("resolv.conf", "hosts", "host.conf", "gai.conf", "nsswitch.conf", "services")),
    *(f"/etc/{name}" for name in ("protocols", "passwd", "group", "localtime", "ld.so.cache", "mime.types")),
    # Not all of /etc/ssl and /etc/pki: machines keep their private keys there.
    *(f"/etc/{name}" for name in ("ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "pki/ca-trust", "pki/tls/certs")),
    *(f"/etc/{name}" for name in ("pki/tls/cert.pem", "ca-certificates", "alternatives", "apt/sources.list")),
    *("/etc/apt/sources.list.d", "/etc/osconf/mirrors", "/etc/osconf/archive-cache", "/run/systemd/resolve"),
)
_DEVICES = (*NODES, "kvm")
_CAPABILITY_VERSION = 0x20080522
# Raw memory and disks, kernel modules and messages, restarting the machine.
_DROPPED = (16, 17, 22, 34)


@dataclass(frozen=True)
class Confinement:
    """The paths that stay: some to write, the rest to read."""

    writable: tuple[Path, ...]
    readable: tuple[Path, ...]


def plan_confinement(layout: StoreLayout, cache: Path | None, others: Iterable[Path]) -> Confinement | None:
    """What builds for strangers see; `others` are directories that the settings name. None when we are not root."""
    if os.geteuid() != 0:
        return None
    libraries = [Path(name) for name in (sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path) if name]
    own = Path(__file__).resolve().parents[2]
    readable = [*map(Path, (*_PROGRAMS, *_NETWORK)), *libraries, own, *others]
    writable = [layout.store, layout.state, *([cache] if cache is not None else [])]
    return Confinement(
        tuple(dict.fromkeys(writable)),
        tuple(dict.fromkeys(place for place in readable if place.is_absolute() and os.path.lexists(place))),
    )


@contextmanager
def children_apart(confinement: Confinement | None) -> Iterator[None]:
    """Let the processes that are forked inside this block be in a process namespace of their own."""
    if confinement is None:
        yield
        return
    before = os.open("/proc/self/ns/pid_for_children", os.O_RDONLY | os.O_CLOEXEC)
    try:
        check(libc.unshare(CLONE_NEWPID), "make a process namespace")
        yield
    finally:
        # In the child this has no effect that matters: it is in its namespace already.
        libc.setns(before, CLONE_NEWPID)
        os.close(before)


def enter_confinement(confinement: Confinement | None) -> None:
    """Leave everything else behind, for good. The caller is the first process of its namespace, and has one thread."""
    if confinement is None:
        return
    for place in confinement.writable:
        place.mkdir(parents=True, exist_ok=True)
    chosen = sorted({*confinement.readable, *confinement.writable}, key=lambda place: len(place.parts))
    # Where they are is looked up before the machine's root is out of the way.
    shown = [(place, place.resolve()) for place in chosen]
    links = {place: place.readlink() for place in chosen if place.is_symlink() and place.parent == Path("/")}
    check(libc.unshare(CLONE_NEWNS), "make a mount namespace")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    Path(BASE + HOST).mkdir()
    pivot(BASE, BASE + HOST)
    os.chdir("/")
    for place, source in shown:
        if place in links:
            place.symlink_to(links[place])
        else:
            _show(Path(f"{HOST}{source}"), place, read_only=place not in confinement.writable)
    _make_devices()
    for name, kind in (("proc", "proc"), ("tmp", "tmpfs")):
        target = Path("/", name)
        target.mkdir(exist_ok=True)
        flags = MS_NOSUID | MS_NODEV | (MS_NOEXEC if kind == "proc" else 0)
        if not (name == "tmp" and any(place.is_relative_to(target) for place in chosen)):
            mount(kind, str(target), kind, flags, "mode=1777" if kind == "tmpfs" else None)
    check(libc.umount2(HOST.encode(), MNT_DETACH), "detach the machine's root")
    _drop_capabilities()


def _show(source: Path, target: Path, *, read_only: bool) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    elif not target.is_file():
        return
    mount(str(source), str(target), None, MS_BIND | MS_REC)
    if read_only:
        make_read_only(str(target))


def _make_devices() -> None:
    devices = Path("/dev")
    devices.mkdir(exist_ok=True)
    mount("tmpfs", str(devices), "tmpfs", MS_NOSUID, "mode=0755")
    for name in _DEVICES:
        source = Path(f"{HOST}/dev", name)
        if source.exists():
            (devices / name).touch()
            mount(str(source), str(devices / name), None, MS_BIND)
    for name in ("pts", "shm"):
        (devices / name).mkdir()
    mount("devpts", str(devices / "pts"), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    mount("tmpfs", str(devices / "shm"), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    for target, name in LINKS:
        (devices / name).symlink_to(target)


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    check(libc.capget(ctypes.byref(header), ctypes.byref(data)), "read the capabilities")
    for number in _DROPPED:
        for kind in range(3):
            data[number // 32 * 3 + kind] &= ~(1 << number % 32)
    check(libc.capset(ctypes.byref(header), ctypes.byref(data)), "drop capabilities")
