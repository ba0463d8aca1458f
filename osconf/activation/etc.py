"""/etc: a link `/etc/static` to the closure's tree, and the entries that lead into it.

Entries are links through /etc/static (their content changes by one rename of that link), links of their own, or
copies with mode and owner; the directories between are real. The set osconf owns is recorded in a state file. What it
does not own is never overwritten silently: planning reports it, and applying either refuses or keeps the foreign file
under the name with `.osconf-saved`. /etc/passwd and its like belong to `users`, not to this module.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from osconf.activation.closure import Closure, EtcEntry
from osconf.errors import ActivationError
from osconf.host.files import Files

STATE = "/osconf/var/activation/etc.json"
STATIC = "/etc/static"
SAVED_SUFFIX = ".osconf-saved"
RESERVED = frozenset({"passwd", "group", "shadow", "gshadow", "subuid", "subgid", "machine-id", "static"})

Report = Callable[[str], None]
OwnerIds = Callable[[str, str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entry must be: a link with a text, or a copy of a file with mode and owner."""

    link: str | None = None
    source: str = ""
    digest: str = ""
    mode: int = 0o644
    user: str = "root"
    group: str = "root"

    def to_state(self) -> object:
        """Return the JSON value that records it: the link's text, or the copy's properties."""
        return self.link if self.link is not None else [self.digest, self.mode, self.user, self.group]


@dataclass(frozen=True, slots=True)
class EtcPlan:
    """What applying a closure's /etc changes; paths are relative to /etc."""

    static: str
    wanted: Mapping[str, Wanted]
    owned: Mapping[str, tuple[object, ...]]
    added: tuple[str, ...]
    late: tuple[str, ...]  # new as well, but a parent must first become a directory
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    foreign: tuple[str, ...]  # never written by osconf: refuses, unless adopted
    drifted: tuple[str, ...]  # written by osconf, then changed by hand: kept aside
    static_changed: bool

    @property
    def is_empty(self) -> bool:
        """Is there nothing to do?"""
        return not (self.static_changed or self.added or self.late or self.changed or self.removed)


def plan_etc(files: Files, closure: Closure, *, skip_broken: Report | None = None) -> EtcPlan:
    """Compare the closure's entries with the recorded set and with what is in /etc now.

    An entry without content raises `ActivationError`; with `skip_broken` it is reported and left out (a boot goes on).
    """
    owned = read_owned(files)
    wanted = {}
    for entry in closure.etc_entries:
        if entry.path in RESERVED:
            continue
        try:
            wanted[entry.path] = _wanted(files, closure, entry)
        except ActivationError as error:
            if skip_broken is None:
                raise
            skip_broken(f"/etc/{entry.path} is left out: {error}")
    added, changed, late = [], [], []
    foreign: set[str] = set()
    drifted: set[str] = set()
    for path, want in wanted.items():
        obstacle = _find_obstacle(files, path)
        if obstacle is not None:
            late.append(path)
            if not _is_ours(files, obstacle, owned):
                (drifted if obstacle in owned else foreign).add(obstacle)
        elif files.status(f"/etc/{path}") is None:
            added.append(path)
        elif not _is_as_wanted(files, path, want, owned):
            changed.append(path)
            if not _is_ours(files, path, owned):
                (drifted if path in owned else foreign).add(path)
    removed = [
        path
        for path in owned
        if path not in wanted and _find_obstacle(files, path) is None and files.lexists(f"/etc/{path}")
    ]
    static = _relative_to_root(closure.etc)
    return EtcPlan(
        static=static,
        wanted=wanted,
        owned=owned,
        added=tuple(sorted(added)),
        late=tuple(sorted(late)),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(removed)),
        foreign=tuple(sorted(foreign)),
        drifted=tuple(sorted(drifted)),
        static_changed=files.read_link(STATIC) != static,
    )


def apply_etc(
    files: Files,
    plan: EtcPlan,
    *,
    owner_ids: OwnerIds,
    adopt: bool,
    report: Report,
) -> None:
    """Carry out a plan; without `adopt` foreign files refuse it before anything is changed.

    Order: entries that are new, then the rename of /etc/static, then entries that change, then those that go. The
    owned set is written before the first change (old and new together) and after the last, so an interruption
    leaves no entry that nobody owns.
    """
    if plan.foreign and not adopt:
        raise refuse_foreign(plan.foreign)
    files.make_dirs("/etc")
    final = {path: want.to_state() for path, want in plan.wanted.items()}
    _write_state(files, "", {path: states[0] for path, states in plan.owned.items()}, final)
    for path in (*plan.foreign, *plan.drifted):
        saved = f"/etc/{path}{SAVED_SUFFIX}"
        files.remove(saved)
        files.rename(f"/etc/{path}", saved)
        reason = "was changed by hand" if path in plan.drifted else "was not written by osconf"
        report(f"/etc/{path} {reason}: kept as {saved}")
    for path in plan.added:
        _place(files, path, plan.wanted[path], owner_ids)
    files.link(STATIC, plan.static)
    gone = [path for path in plan.removed if _is_ours(files, path, plan.owned)]
    for path in gone:
        files.remove(f"/etc/{path}")
    for path in plan.removed:
        if path not in gone:
            report(f"/etc/{path} was changed by hand and is no longer in the configuration: left as it is")
    for path in (*plan.changed, *plan.late):
        if files.is_dir(f"/etc/{path}"):
            files.remove(f"/etc/{path}")  # planning found nothing but our own entries in it, and those are gone
        _place(files, path, plan.wanted[path], owner_ids)
    for path in plan.owned:
        if path not in plan.wanted:  # also what an interrupted run had removed already
            files.remove_empty_dirs(posixpath.dirname(f"/etc/{path}"), "/etc")
    _write_state(files, plan.static, final)
    files.sync_folder("/etc")


def set_owners(files: Files, closure: Closure, owner_ids: OwnerIds) -> None:
    """Give copies of other owners than root to them: at a first boot packages' users are made after /etc."""
    for entry in closure.etc_entries:
        is_copy = "symlink" not in entry.mode and files.status(f"/etc/{entry.path}") is not None
        if is_copy and (entry.user, entry.group) != ("root", "root"):
            files.set_owner(f"/etc/{entry.path}", *owner_ids(entry.user, entry.group))
            files.set_mode(f"/etc/{entry.path}", _read_mode(entry))


def refuse_foreign(paths: tuple[str, ...]) -> ActivationError:
    """Return the error for files in /etc that the configuration wants to replace and osconf does not own."""
    shown = ", ".join(f"/etc/{path}" for path in paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return ActivationError(
        f"the configuration manages {shown}, but what is there was not written by osconf",
        hint=f"move what you need into the configuration and remove the file, or pass --adopt: it is then kept with "
        f"the name {SAVED_SUFFIX} added",
        code="foreign-etc-file",
    )


def is_current(files: Files, closure: Closure) -> bool:
    """Was exactly this /etc applied last? Then a boot has nothing to do (`find_drift` looks closer)."""
    static = _relative_to_root(closure.etc)
    return files.read_link(STATIC) == static and _read_state(files).get("static") == static


def find_drift(files: Files) -> tuple[str, ...]:
    """Return the owned entries that were changed or removed by hand since they were placed."""
    owned = read_owned(files)
    return tuple(sorted(path for path in owned if not _is_ours(files, path, owned)))


def read_owned(files: Files) -> dict[str, tuple[object, ...]]:
    """Return the recorded entries: path -> the states that are ours: a link's text or [digest, mode, user, group].

    There are two states while an application is under way (or was interrupted): the old one and the next one.
    """
    state = _read_state(files)
    owned: dict[str, tuple[object, ...]] = {}
    for key in ("entries", "next"):
        entries = state.get(key)
        for path, value in (entries if isinstance(entries, dict) else {}).items():
            owned[path] = (*owned.get(path, ()), value)
    return owned


def _read_state(files: Files) -> dict[str, object]:
    try:
        state = json.loads(files.read_bytes(STATE))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write_state(
    files: Files, static: str, entries: Mapping[str, object], following: Mapping[str, object] | None = None
) -> None:
    files.make_dirs(posixpath.dirname(STATE))
    state = {"version": 1, "static": static, "entries": entries, "next": following or {}}
    files.write(STATE, json.dumps(state, separators=(",", ":")).encode(), sync=True)


def _relative_to_root(path: str) -> str:
    # Relative, so that it also leads somewhere when the system is looked at from outside (initrd, installation).
    return ".." + path


def _wanted(files: Files, closure: Closure, entry: EtcEntry) -> Wanted:
    if entry.mode == "direct-symlink":
        return Wanted(link=entry.target)
    if entry.mode == "symlink":
        return Wanted(link="../" * entry.path.count("/") + "static/" + entry.path)
    source = f"{closure.etc}/{entry.path}"
    try:
        digest = hashlib.sha256(files.read_bytes(source)).hexdigest()
    except OSError as error:
        raise ActivationError(f"the closure lacks the content of /etc/{entry.path}: {error}") from None
    return Wanted(source=source, digest=digest, mode=_read_mode(entry), user=entry.user, group=entry.group)


def _read_mode(entry: EtcEntry) -> int:
    try:
        return int(entry.mode, 8)
    except ValueError:
        raise ActivationError(f"{entry.mode} is no mode for /etc/{entry.path}") from None


def _is_as_wanted(files: Files, path: str, want: Wanted, owned: Mapping[str, tuple[object, ...]]) -> bool:
    state = want.to_state()
    if not _matches(files, path, state):
        return False
    if want.link is not None:
        return True
    status = files.status(f"/etc/{path}")
    return owned.get(path) == (state,) and status is not None and status.st_mode & 0o7777 == want.mode


def _matches(files: Files, path: str, state: object) -> bool:
    if isinstance(state, str):
        return files.read_link(f"/etc/{path}") == state
    if not isinstance(state, list):
        return False
    if files.is_link(f"/etc/{path}"):
        return False
    try:
        return bool(hashlib.sha256(files.read_bytes(f"/etc/{path}")).hexdigest() == state[0])
    except OSError:
        return False


def _is_ours(files: Files, path: str, owned: Mapping[str, tuple[object, ...]]) -> bool:
    if path in owned:
        return any(_matches(files, path, state) for state in owned[path])
    if files.is_dir(f"/etc/{path}"):
        # A directory that holds nothing but our entries goes when they go.
        return all(_is_ours(files, f"{path}/{name}", owned) for name in files.list_dir(f"/etc/{path}"))
    target = files.read_link(f"/etc/{path}")
    return target is not None and ("/static/" in target or target.startswith("static/"))


def _find_obstacle(files: Files, path: str) -> str | None:
    """Return the nearest existing parent, relative to /etc, when it is no real directory."""
    parent = posixpath.dirname(path)
    while parent:
        status = files.status(f"/etc/{parent}")
        if status is not None and not stat.S_ISDIR(status.st_mode):
            return parent
        parent = posixpath.dirname(parent)
    return None


def _place(files: Files, path: str, want: Wanted, owner_ids: OwnerIds) -> None:
    full = f"/etc/{path}"
    files.make_dirs(posixpath.dirname(full))
    if want.link is not None:
        files.link(full, want.link)
        return
    uid, gid = owner_ids(want.user, want.group)
    files.copy(want.source, full, mode=want.mode, uid=uid, gid=gid)
