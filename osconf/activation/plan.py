"""The plan of a switch: everything that would change between the running closure and another one.

The dry run prints it and the executor carries it out; there is no second decision later. Reading the machine happens
through `Host.files` and the unit states that are passed in; nothing is changed here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from osconf.activation import etc, users
from osconf.activation.accounts import Accounts, read_accounts
from osconf.activation.closure import Closure
from osconf.activation.unit_rules import UnitPlan, plan_mounts, plan_units
from osconf.activation.units import UnitTree
from osconf.host.files import Files
from osconf.host.protocol import UnitState

_INIT_PACKAGES = ("systemd", "libsystemd-shared", "libsystemd0", "libc6", "libmount1", "libseccomp2", "libselinux1")
_SHARED_LIBRARY = "usr/lib/x86_64-linux-gnu/systemd"
_BUS_UNIT = "usr/lib/systemd/system/dbus.service"


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """What a switch does. `reboot_reasons` are changes that only a reboot brings into effect."""

    source: str
    target: str
    environment_changed: bool
    reexecute: bool
    units: UnitPlan
    etc: etc.EtcPlan
    accounts: tuple[str, ...]
    sysctl_changed: bool
    tmpfiles_changed: bool
    firewall_changed: bool
    scripts: tuple[str, ...]
    inhibitors: tuple[str, ...]
    reboot_reasons: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Would nothing change?"""
        return not (
            self.source != self.target
            or self.environment_changed
            or not self.units.is_empty
            or not self.etc.is_empty
            or self.accounts
        )


def plan_switch(
    files: Files,
    old: Closure,
    new: Closure,
    states: Mapping[str, UnitState],
    *,
    carried: Mapping[str, list[str]] | None = None,
) -> SwitchPlan:
    """Plan a switch from the running closure to another."""
    units = plan_units(UnitTree(files, old), UnitTree(files, new), states, carried=carried)
    units = plan_mounts(files.read_text(f"{old.etc}/fstab", ""), files.read_text(f"{new.etc}/fstab", ""), states, units)
    return SwitchPlan(
        source=old.path,
        target=new.path,
        environment_changed=old.environment.path != new.environment.path,
        reexecute=_needs_reexecution(old, new),
        units=units,
        etc=etc.plan_etc(files, new),
        accounts=_plan_accounts(files, new),
        sysctl_changed=_directory_changed(files, old, new, "sysctl.d"),
        tmpfiles_changed=old.environment.path != new.environment.path
        or _directory_changed(files, old, new, "tmpfiles.d"),
        firewall_changed=dict(old.firewall) != dict(new.firewall),
        scripts=tuple(script.name for script in new.scripts if script.text.strip()),
        inhibitors=find_inhibitors(files, old, new),
        reboot_reasons=_find_reboot_reasons(old, new),
    )


def find_inhibitors(files: Files, old: Closure, new: Closure) -> tuple[str, ...]:
    """Return why the closure must not be activated live; a boot into it is always possible."""
    reasons = []
    old_names, new_names = (_shared_libraries(files, closure) for closure in (old, new))
    if old_names and new_names and old_names != new_names:
        reasons.append(
            f"systemd's shared library changes from {', '.join(old_names)} to {', '.join(new_names)}: "
            "services could not be started until PID 1 is another program"
        )
    old_bus, new_bus = (_bus_implementation(files, closure) for closure in (old, new))
    if old_bus and new_bus and old_bus != new_bus:
        reasons.append(f"the D-Bus implementation changes from {old_bus} to {new_bus}")
    for name in sorted({*old.inhibitors, *new.inhibitors}):
        if old.inhibitors.get(name) != new.inhibitors.get(name):
            reasons.append(
                f"{name} changes from {old.inhibitors.get(name, 'nothing')} to {new.inhibitors.get(name, 'nothing')}"
            )
    return tuple(reasons)


def _needs_reexecution(old: Closure, new: Closure) -> bool:
    """Does PID 1 run another program or libraries than /usr will have?"""
    before, after = old.environment.packages, new.environment.packages
    return any(before.get(name) != after.get(name) for name in _INIT_PACKAGES)


def _shared_libraries(files: Files, closure: Closure) -> list[str]:
    names = files.list_dir(f"{closure.environment.path}/{_SHARED_LIBRARY}")
    return [name for name in names if name.startswith("libsystemd-shared-")]


def _bus_implementation(files: Files, closure: Closure) -> str:
    for path in (f"{closure.etc}/systemd/system/dbus.service", f"{closure.environment.path}/{_BUS_UNIT}"):
        text = files.read_text(path, "") if files.exists(path) else ""
        if text:
            return "dbus-broker" if "dbus-broker" in text else "dbus-daemon"
    return ""


def _directory_changed(files: Files, old: Closure, new: Closure, name: str) -> bool:
    def read(closure: Closure) -> dict[str, str]:
        folder = f"{closure.etc}/{name}"
        return {entry: files.read_text(f"{folder}/{entry}", "") for entry in files.list_dir(folder)}

    return old.etc != new.etc and read(old) != read(new)


def _find_reboot_reasons(old: Closure, new: Closure) -> tuple[str, ...]:
    reasons = []
    if old.kernel != new.kernel:
        reasons.append("another kernel")
    if old.initrd != new.initrd:
        reasons.append("another initrd")
    libc = [closure.environment.packages.get("libc6", ("", ""))[1] for closure in (old, new)]
    if libc[0] != libc[1]:
        reasons.append(f"libc6 {libc[0]} -> {libc[1]}: what is not restarted keeps the old one")
    return tuple(reasons)


class _NoHasher:
    """Stands in for real hashes in a plan: none is computed."""

    def hash(self, password: str) -> str:
        """Return a mark."""
        return "(a new hash)"

    def verify(self, password: str, hashed: str) -> bool:
        """Assume that it fits: whether it does is not worth a second in a plan."""
        return True


def _plan_accounts(files: Files, new: Closure) -> tuple[str, ...]:
    try:
        before = read_accounts(files, new.environment.path)
    except PermissionError:
        return ("(only root can compare them)",)
    after = copy.deepcopy(before)
    notes: list[str] = []
    users.merge_users(after, users.read_state(files), new, passwords={}, hasher=_NoHasher(), report=notes.append)
    return (*_describe_accounts(before, after), *notes)


def _describe_accounts(before: Accounts, after: Accounts) -> list[str]:
    lines = []
    for what, old, new in (("user", before.passwd, after.passwd), ("group", before.group, after.group)):
        for name in new:
            if name not in old:
                lines.append(f"{what} {name} is added with id {new[name][2]}")
            elif old[name] != new[name]:
                lines.append(f"{what} {name} changes")
    return lines
