"""Declared users and groups: stable ids, passwords by rule, memberships, homes.

The ids that were ever given to a name are kept in a state file, so that a name keeps its id and an id never changes
its owner. A user who is no longer declared is locked, not deleted. `merge_users` is pure; `apply_users` reads and
writes the account files, lets systemd-sysusers add what packages declare, and makes homes.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from osconf.activation.accounts import (
    NO_LOGIN,
    Accounts,
    hold_account_lock,
    read_accounts,
    write_accounts,
    write_if_changed,
)
from osconf.activation.closure import Closure, Group, User
from osconf.errors import ActivationError
from osconf.host.files import Files

STATE = "/osconf/var/activation/users.json"
_NORMAL_IDS = range(1000, 30000)
_SYSTEM_IDS = range(999, 399, -1)
_SUB_ID_START = 100_000
_SUB_ID_COUNT = 65_536
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LINGER = "/var/lib/systemd/linger"
_UNSET = ("", "*", "!", "!*")

Report = Callable[[str], None]


class Hasher(Protocol):
    """How plain passwords become hashes (`passwords.LibcryptHasher`)."""

    def hash(self, password: str) -> str:
        """Return a fresh hash."""
        ...

    def verify(self, password: str, hashed: str) -> bool:
        """Is `hashed` one of the password?"""
        ...


@dataclass(slots=True)
class UsersState:
    """What is remembered between activations; ids of names that are gone stay, so that they are never reused."""

    uids: dict[str, int] = field(default_factory=dict)
    gids: dict[str, int] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    sub_ids: dict[str, int] = field(default_factory=dict)
    sysusers: str = ""


def read_state(files: Files) -> UsersState:
    """Read the state file; fields of other versions are ignored."""
    try:
        data = json.loads(files.read_bytes(STATE))
    except (OSError, ValueError):
        return UsersState()
    known = {key: data[key] for key in UsersState.__slots__ if key in data}
    return UsersState(**known)


def write_state(files: Files, state: UsersState) -> None:
    """Write the state file if it differs."""
    files.make_dirs(posixpath.dirname(STATE))
    data = {"version": 1} | {key: getattr(state, key) for key in UsersState.__slots__}
    write_if_changed(files, STATE, json.dumps(data, indent=1, sort_keys=True) + "\n", mode=0o600)


def apply_users(
    files: Files,
    closure: Closure,
    *,
    run_sysusers: Callable[[], None],
    hasher: Hasher,
    report: Report,
) -> Accounts:
    """Bring the account files and homes in line with the closure; returns the accounts as they are then."""
    state = read_state(files)
    environment = closure.environment.path
    with hold_account_lock(files):
        accounts = read_accounts(files, environment)
        passwords = _read_password_files(files, closure.users, report)
        merge_users(accounts, state, closure, passwords=passwords, hasher=hasher, report=report)
        write_state(files, state)
        write_accounts(files, accounts)
    key = ":".join((environment, closure.etc, *closure.service_environments))
    if state.sysusers != key:
        run_sysusers()
        with hold_account_lock(files):
            accounts = read_accounts(files, environment)
            merge_members(accounts, state, closure, report=report)
            write_accounts(files, accounts)
            state.sysusers = key
            write_state(files, state)
    _write_sub_ids(files, state, closure)
    _mark_lingering(files, closure)
    make_homes(files, closure.users, accounts)
    return accounts


def merge_users(
    accounts: Accounts,
    state: UsersState,
    closure: Closure,
    *,
    passwords: Mapping[str, str],
    hasher: Hasher,
    report: Report,
) -> None:
    """Change `accounts` and `state` to what the closure declares; `passwords` are hashes read from files."""
    groups = {group.name: group for group in closure.groups}
    for user in closure.users:
        primary = user.group or user.name
        if primary not in groups and primary not in accounts.group:
            groups[primary] = Group(primary, user.uid if not user.group else None)
    taken_gids = {int(fields[2]) for fields in accounts.group.values() if fields[2].isdecimal()}
    taken_gids |= set(state.gids.values()) | {group.gid for group in groups.values() if group.gid is not None}
    for group in groups.values():
        _merge_group(accounts, state, group, taken_gids, report)
    taken_uids = {int(fields[2]) for fields in accounts.passwd.values() if fields[2].isdecimal()}
    taken_uids |= set(state.uids.values()) | {user.uid for user in closure.users if user.uid is not None}
    before = set(state.users)
    for user in closure.users:
        _merge_user(accounts, state, user, taken_uids, report)
        _merge_password(accounts, user, closure.mutable_users, user.name in before, passwords, hasher)
    declared = [user.name for user in closure.users]
    for name in sorted(_users_to_lock(accounts, before, set(declared), closure.mutable_users)):
        if name not in state.locked:
            _lock_user(accounts, name)
            state.locked.append(name)
            report(f"user {name} is no longer declared: locked (its id stays reserved)")
    state.users = sorted(declared)
    state.groups = sorted(groups)
    merge_members(accounts, state, closure, report=None)


def merge_members(accounts: Accounts, state: UsersState, closure: Closure, *, report: Report | None) -> None:
    """Put declared members into groups and take out those that were declared before and are not any more."""
    wanted: dict[str, list[str]] = {group.name: list(group.members) for group in closure.groups}
    for user in closure.users:
        for name in user.extra_groups:
            wanted.setdefault(name, []).append(user.name)
    for name in sorted({*wanted, *state.members}):
        if name not in accounts.group:
            if report is not None and wanted.get(name):
                report(f"there is no group {name}, which {', '.join(sorted(set(wanted[name])))} should be in")
            continue
        declared = set(wanted.get(name, ()))
        present = accounts.members_of(name)
        dropped = set(state.members.get(name, ())) - declared
        keep_manual = closure.mutable_users or name not in wanted
        kept = [member for member in present if member in declared or (keep_manual and member not in dropped)]
        members = kept + sorted(declared.difference(kept))
        if members != present:
            accounts.set_members(name, members)
    state.members = {name: sorted(set(members)) for name, members in wanted.items() if members}


def make_homes(files: Files, users: Iterable[User], accounts: Accounts) -> None:
    """Make the homes that are wanted and missing, filled from /etc/skel; existing ones are left alone."""
    for user in users:
        if not user.create_home or user.home in ("/var/empty", "/nonexistent") or files.exists(user.home):
            continue
        uid, gid = int(accounts.passwd[user.name][2]), int(accounts.passwd[user.name][3])
        files.make_dirs(posixpath.dirname(user.home))
        # Under another name first: a home that exists is complete.
        new = f"{user.home}.osconf-new"
        files.remove(new)
        files.make_dirs(new, 0o700)
        _copy_skeleton(files, "/etc/skel", new, uid, gid)
        files.set_owner(new, uid, gid)
        files.set_mode(new, user.home_mode)
        files.rename(new, user.home)


def _merge_group(accounts: Accounts, state: UsersState, group: Group, taken: set[int], report: Report) -> None:
    if group.name in accounts.group:
        present = accounts.gid_of(group.name)
        if group.gid is not None and group.gid != present:
            report(f"group {group.name} keeps its id {present}; the configuration says {group.gid}")
        state.gids[group.name] = present
        return
    gid = group.gid if group.gid is not None else state.gids.get(group.name)
    if gid is None:
        gid = _allocate(_SYSTEM_IDS, taken, f"group {group.name}")
    taken.add(gid)
    accounts.add_group(group.name, gid)
    state.gids[group.name] = gid


def _merge_user(accounts: Accounts, state: UsersState, user: User, taken: set[int], report: Report) -> None:
    gid = accounts.gid_of(user.group or user.name)
    if user.name in accounts.passwd:
        present = accounts.uid_of(user.name)
        if user.uid is not None and user.uid != present:
            report(f"user {user.name} keeps its id {present}; the configuration says {user.uid}")
        state.uids[user.name] = present
    else:
        uid = user.uid if user.uid is not None else state.uids.get(user.name)
        if uid is None:
            uid = _allocate(_NORMAL_IDS if user.is_normal else _SYSTEM_IDS, taken, f"user {user.name}")
        taken.add(uid)
        accounts.add_user(user.name, uid, gid)
        state.uids[user.name] = uid
    if user.name in state.locked:
        state.locked.remove(user.name)
        shadow = accounts.shadow[user.name]
        shadow[1] = shadow[1].removeprefix("!")
        shadow[7] = ""
    if user.expires:
        accounts.shadow[user.name][7] = str(date.fromisoformat(user.expires).toordinal() - _EPOCH_DAY)
    shell = "/bin/bash" if user.name == "root" and user.shell == NO_LOGIN else user.shell
    accounts.passwd[user.name][3:] = [str(gid), user.description.replace(":", " "), user.home, shell]


def _merge_password(
    accounts: Accounts,
    user: User,
    mutable: bool,
    was_declared: bool,
    passwords: Mapping[str, str],
    hasher: Hasher,
) -> None:
    fields = accounts.shadow.setdefault(user.name, [user.name, "!", "1", *[""] * 6])
    is_new = not was_declared and fields[1] in _UNSET
    if mutable and not is_new:
        return
    declared = passwords.get(user.name)
    if declared is None and user.password is not None:
        kept = fields[1] not in _UNSET and hasher.verify(user.password, fields[1])
        declared = fields[1] if kept else hasher.hash(user.password)
    if declared is None:
        declared = user.hashed_password
    has_initial = user.initial_hashed_password is not None or user.initial_password is not None
    if declared is None and has_initial:
        if not is_new:
            return
        plain = user.initial_password
        declared = hasher.hash(plain) if plain is not None else user.initial_hashed_password
    fields[1] = declared if declared is not None else "!"


def _users_to_lock(accounts: Accounts, before: set[str], declared: set[str], mutable: bool) -> set[str]:
    gone = {name for name in before - declared if name in accounts.passwd}
    if not mutable:
        gone |= {
            name
            for name, fields in accounts.passwd.items()
            if name not in declared and fields[2].isdecimal() and int(fields[2]) in _NORMAL_IDS
        }
    return gone - {"root"}


def _lock_user(accounts: Accounts, name: str) -> None:
    accounts.passwd[name][6] = NO_LOGIN
    shadow = accounts.shadow[name]
    if not shadow[1].startswith("!"):
        shadow[1] = "!" + shadow[1]
    shadow[7] = "1"  # expired on 1970-01-02: keys and tokens do not help either


def _allocate(candidates: range, taken: set[int], what: str) -> int:
    for candidate in candidates:
        if candidate not in taken:
            return candidate
    raise ActivationError(f"no id is left for {what}", hint="declare one by hand")


def _read_password_files(files: Files, users: Iterable[User], report: Report) -> dict[str, str]:
    passwords = {}
    for user in users:
        if user.hashed_password_file:
            try:
                passwords[user.name] = files.read_text(user.hashed_password_file).strip()
            except OSError as error:
                report(f"the password file of {user.name} cannot be read: {error}")
    return passwords


def _write_sub_ids(files: Files, state: UsersState, closure: Closure) -> None:
    wanted: dict[str, dict[str, tuple[tuple[int, int], ...]]] = {"subuid": {}, "subgid": {}}
    for user in closure.users:
        automatic: tuple[tuple[int, int], ...] = ()
        if user.auto_sub_ids:
            if user.name not in state.sub_ids:
                state.sub_ids[user.name] = max((*state.sub_ids.values(), _SUB_ID_START - _SUB_ID_COUNT)) + _SUB_ID_COUNT
            automatic = ((state.sub_ids[user.name], _SUB_ID_COUNT),)
        wanted["subuid"][user.name] = user.sub_uid_ranges or automatic
        wanted["subgid"][user.name] = user.sub_gid_ranges or automatic
    if not any(ranges for table in wanted.values() for ranges in table.values()) and not state.sub_ids:
        return
    write_state(files, state)
    for name, table in wanted.items():
        kept = [line for line in files.read_text(f"/etc/{name}", "").splitlines() if line.split(":")[0] not in table]
        lines = kept + [f"{user}:{start}:{count}" for user, ranges in table.items() for start, count in ranges]
        write_if_changed(files, f"/etc/{name}", "".join(line + "\n" for line in lines))


def _mark_lingering(files: Files, closure: Closure) -> None:
    """Let the managers of users run without a session (loginctl enable-linger keeps the same files)."""
    for user in closure.users:
        path = f"{_LINGER}/{user.name}"
        if user.lingers and not files.lexists(path):
            files.make_dirs(_LINGER)
            files.write(path, b"")
        elif not user.lingers and not closure.mutable_users:
            files.remove(path)


def _copy_skeleton(files: Files, source: str, target: str, uid: int, gid: int) -> None:
    for name in files.list_dir(source):
        new = f"{target}/{name}"
        origin = files.resolve(f"{source}/{name}")
        if files.is_dir(origin):
            files.make_dirs(new)
            _copy_skeleton(files, origin, new, uid, gid)
        elif files.exists(origin):
            files.copy(origin, new, mode=0o644)
        files.set_owner(new, uid, gid)
