"""The rules that turn two unit trees and the units' present states into jobs: stop, restart, reload, start, or not.

They are the rules that NixOS users know from switch-to-configuration, with osconf's additions: units of the packages
(/usr) count as well, and a unit that is no longer enabled stops even when its file stays. Pure: nothing is done here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from osconf.activation.units import Comparison, Difference, Unit, UnitTree, compare_units, escape_path
from osconf.host.protocol import UnitState

# Restarting these breaks sessions, logins or the bus for what runs; they get new code at the next boot.
_NEVER_RESTARTED = (
    "dbus.service",
    "dbus-broker.service",
    "dbus.socket",
    "systemd-logind.service",
    "systemd-user-sessions.service",
    "systemd-journald*.socket",
    "user@*.service",
    "user-runtime-dir@*.service",
    "session-*.scope",
    "*getty@*.service",
    "autovt@*.service",
    "display-manager.service",
    "systemd-cryptsetup@*.service",
    "systemd-fsck*.service",
    "systemd-remount-fs.service",
    "systemd-tmpfiles-*.service",
    "initrd-*.service",
    "systemd-shutdown*.service",
    "plymouth-*.service",
)
_NEVER_TOUCHED = (
    "init.scope",
    "-.slice",
    "-.mount",
    "osconf-switch*",
    "usr.mount",
    "osconf*.mount",
    "run-wrappers.mount",
)
_EARLY_TARGETS = frozenset({"sysinit.target", "basic.target"})
_SLEEP_TARGETS = frozenset(
    {"suspend.target", "hibernate.target", "hybrid-sleep.target", "suspend-then-hibernate.target", "sleep.target"}
)
_PERMANENT_MOUNTS = ("/", "/usr", "/osconf", "/osconf/store", "/nix", "/nix/store")
_LINKED_DEVICES = {"UUID": "uuid", "LABEL": "label", "PARTUUID": "partuuid", "PARTLABEL": "partlabel"}


@dataclass(frozen=True, slots=True)
class UnitStep:
    """One unit and why something happens (or does not happen) to it."""

    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """All jobs of a switch. `start` also holds the second half of what is stopped with the old files."""

    stop: tuple[UnitStep, ...] = ()
    restart: tuple[UnitStep, ...] = ()
    reload: tuple[UnitStep, ...] = ()
    start: tuple[UnitStep, ...] = ()
    targets: tuple[str, ...] = ()
    skipped: tuple[UnitStep, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Is no unit touched? (Starting active targets again is not touching.)"""
        return not (self.stop or self.restart or self.reload or self.start)


@dataclass(slots=True)
class _Draft:
    stop: dict[str, str] = field(default_factory=dict)
    restart: dict[str, str] = field(default_factory=dict)
    reload: dict[str, str] = field(default_factory=dict)
    start: dict[str, str] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def finish(self) -> UnitPlan:
        """Resolve what was asked twice: stopping wins over restarting, restarting over reloading."""
        for unit in self.stop:
            self.restart.pop(unit, None)
            self.reload.pop(unit, None)
        for unit in self.restart:
            self.reload.pop(unit, None)
        for unit in (*self.stop, *self.restart):
            self.skipped.pop(unit, None)

        def steps(table: Mapping[str, str]) -> tuple[UnitStep, ...]:
            return tuple(UnitStep(unit, table[unit]) for unit in sorted(table))

        return UnitPlan(
            stop=steps(self.stop),
            restart=steps(self.restart),
            reload=steps(self.reload),
            start=steps(self.start),
            targets=tuple(sorted(self.targets)),
            skipped=steps(self.skipped),
        )


@dataclass(frozen=True, slots=True)
class FstabEntry:
    """A line of /etc/fstab."""

    device: str
    mount_point: str
    kind: str
    options: tuple[str, ...]


def plan_units(
    old: UnitTree, new: UnitTree, states: Mapping[str, UnitState], *, carried: Mapping[str, list[str]] | None = None
) -> UnitPlan:
    """Plan the jobs; `carried` are jobs that an interrupted switch planned and may not have done."""
    draft = _Draft()
    old_enabled, new_enabled = old.enabled(), new.enabled()
    for name, state in sorted(states.items()):
        if not state.is_running or _matches(name, _NEVER_TOUCHED) or name.endswith((".device", ".scope")):
            continue
        before = old.find(name)
        if before is None or before.is_masked:
            continue
        after = new.find(name)
        if after is None or after.is_masked:
            if after is not None or before.flag("X-StopOnRemoval", True):
                draft.stop[name] = "masked" if after is not None else "removed"
            else:
                draft.skipped[name] = "removed, but X-StopOnRemoval=false"
        elif name in old_enabled and name not in new_enabled and not _is_pulled_otherwise(name, new, states):
            if before.flag("X-StopOnRemoval", True):
                draft.stop[name] = "no longer enabled"
        elif name.endswith(".target"):
            _plan_target(draft, name, after)
        elif not old.is_same(new, name):
            comparison = compare_units(before, after)
            if comparison.difference is Difference.RELOAD:
                _plan_reload(draft, name, after, comparison)
            elif comparison.difference is Difference.RESTART:
                _plan_change(draft, name, before, after, comparison, states, new)
    _plan_new_units(draft, old_enabled, new_enabled, new, states)
    if carried:
        _carry_on(draft, carried, new, states)
    return draft.finish()


def plan_mounts(old_fstab: str, new_fstab: str, states: Mapping[str, UnitState], plan: UnitPlan) -> UnitPlan:
    """Add the jobs that changes of /etc/fstab ask for; new mounts come with local-fs.target."""
    stop, restart, reload, skipped = (
        {step.unit: step.reason for step in steps} for steps in (plan.stop, plan.restart, plan.reload, plan.skipped)
    )
    before, after = parse_fstab(old_fstab), parse_fstab(new_fstab)
    for key, old in before.items():
        new = after.get(key)
        unit = _fstab_unit(old)
        if unit not in states or not states[unit].is_running:
            continue
        permanent = old.mount_point in _PERMANENT_MOUNTS
        if new is None:
            if not permanent:
                stop[unit] = "removed from fstab"
        elif (new.device, new.kind) != (old.device, old.kind):
            if permanent:
                skipped[unit] = "another device or type: takes effect at the next boot"
            else:
                restart[unit] = "device or type changed"
        elif new.options != old.options and old.kind != "swap":
            reload[unit] = "options changed"

    def steps(table: Mapping[str, str]) -> tuple[UnitStep, ...]:
        return tuple(UnitStep(unit, table[unit]) for unit in sorted(table))

    return replace(plan, stop=steps(stop), restart=steps(restart), reload=steps(reload), skipped=steps(skipped))


def parse_fstab(text: str) -> dict[str, FstabEntry]:
    """Parse fstab(5): mounts by mount point, swaps by device."""
    entries = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        device, mount_point, kind = (_unescape_fstab(part) for part in fields[:3])
        options = tuple(fields[3].split(",")) if len(fields) > 3 else ()
        entries[device if kind == "swap" else mount_point] = FstabEntry(device, mount_point, kind, options)
    return entries


def _plan_target(draft: _Draft, name: str, unit: Unit) -> None:
    # Starting an active target again starts what it newly wants, which is how units that were added come up.
    if (
        name not in _SLEEP_TARGETS
        and not unit.flag("RefuseManualStart", False)
        and not unit.flag("X-OnlyManualStart", False)
    ):
        draft.targets.append(name)
    if unit.flag("X-StopOnReconfiguration", False):
        draft.stop[name] = "X-StopOnReconfiguration"


def _plan_reload(draft: _Draft, name: str, unit: Unit, comparison: Comparison) -> None:
    if name.endswith((".service", ".mount")):
        draft.reload[name] = _because(comparison)


def _plan_change(
    draft: _Draft,
    name: str,
    before: Unit,
    unit: Unit,
    comparison: Comparison,
    states: Mapping[str, UnitState],
    tree: UnitTree,
) -> None:
    reason = _because(comparison)
    if name.endswith((".path", ".slice")):
        return  # their properties apply with the daemon-reload
    if name.endswith(".mount"):
        where = (unit.values("Mount", "Where") or ("",))[-1]
        if where in _PERMANENT_MOUNTS:
            draft.skipped[name] = f"{reason}; takes effect at the next boot"
        else:
            draft.restart[name] = reason
        return
    if _matches(name, _NEVER_RESTARTED):
        draft.skipped[name] = f"{reason}; takes effect at the next boot"
        return
    if unit.is_vendor and not unit.has_drop_ins and unit.last("Type") == "oneshot":
        draft.skipped[name] = f"{reason}; it only runs at boot"
        return
    if name.endswith(".socket"):
        _plan_socket(draft, name, unit, reason, states, tree)
        return
    if unit.flag("X-ReloadIfChanged", False) and not comparison.has_new_environment:
        # With another environment a reload would keep the old program and its libraries, and report success.
        draft.reload[name] = reason
        return
    if not unit.flag("X-RestartIfChanged", True):
        draft.skipped[name] = f"{reason}; X-RestartIfChanged=false"
    elif unit.flag("RefuseManualStop", False) or before.flag("RefuseManualStop", False):
        draft.skipped[name] = f"{reason}; it refuses to be stopped by hand"
    elif unit.flag("X-OnlyManualStart", False):
        draft.skipped[name] = f"{reason}; X-OnlyManualStart"
    elif not name.endswith(".service") or not unit.flag("X-StopIfChanged", True):
        draft.restart[name] = reason
    else:
        draft.stop[name] = reason
        sockets = _sockets_of(name, unit, tree)
        for socket in sockets:
            if socket in states and states[socket].is_running:
                draft.stop[socket] = f"activates {name}"
            draft.start[socket] = f"activates {name}"
        if not sockets:
            draft.start[name] = reason


def _plan_socket(
    draft: _Draft, name: str, unit: Unit, reason: str, states: Mapping[str, UnitState], tree: UnitTree
) -> None:
    if not unit.flag("X-RestartIfChanged", True):
        draft.skipped[name] = f"{reason}; X-RestartIfChanged=false"
        return
    service = unit.last("Service") or name.removesuffix(".socket") + ".service"
    target = tree.find(service)
    # A socket cannot be bound anew while its service holds it.
    if not unit.flag("Accept", False) and service in states and states[service].is_running and target is not None:
        if not target.flag("X-RestartIfChanged", True) or _matches(service, _NEVER_RESTARTED):
            draft.skipped[name] = f"{reason}; {service} must not be restarted"
            return
        draft.stop[service] = f"its socket {name} changed"
    draft.stop[name] = reason
    draft.start[name] = reason


def _sockets_of(name: str, unit: Unit, tree: UnitTree) -> list[str]:
    if unit.flag("X-NotSocketActivated", False):
        return []
    names = unit.words("Service", "Sockets") or (name.removesuffix(".service") + ".socket",)
    found = []
    for socket in names:
        definition = tree.find(socket)
        if (
            definition is not None
            and not definition.is_masked
            and (socket in tree.enabled() or unit.values("Service", "Sockets"))
        ):
            found.append(socket)
    return found


def _plan_new_units(
    draft: _Draft,
    old_enabled: Mapping[str, frozenset[str]],
    new_enabled: Mapping[str, frozenset[str]],
    new: UnitTree,
    states: Mapping[str, UnitState],
) -> None:
    for name, owners in new_enabled.items():
        added = owners - old_enabled.get(name, frozenset())
        running = name in states and states[name].is_running
        if running or not any(owner in states and states[owner].is_running for owner in added - _EARLY_TARGETS):
            continue
        unit = new.find(name)
        if (
            unit is None
            or unit.is_masked
            or unit.flag("RefuseManualStart", False)
            or unit.flag("X-OnlyManualStart", False)
        ):
            continue
        if not name.endswith((".target", "@.service")):
            draft.start.setdefault(name, "newly enabled")


def _carry_on(draft: _Draft, carried: Mapping[str, list[str]], new: UnitTree, states: Mapping[str, UnitState]) -> None:
    enabled = new.enabled()
    wanted_again = [name for name in carried.get("stop", ()) if name in enabled]
    for name in (*carried.get("start", ()), *carried.get("restart", ()), *carried.get("reload", ()), *wanted_again):
        unit = new.find(name)
        if unit is None or unit.is_masked or name in draft.stop:
            continue
        if name in states and states[name].is_running:
            if name not in wanted_again:
                verb = draft.reload if name in carried.get("reload", ()) else draft.restart
                verb.setdefault(name, "planned by an interrupted switch")
        elif name not in carried.get("reload", ()):
            draft.start.setdefault(name, "stopped by an interrupted switch")


def _is_pulled_otherwise(name: str, tree: UnitTree, states: Mapping[str, UnitState]) -> bool:
    """Does another running unit still want this one (also from the packages' own units)?"""
    for other, state in states.items():
        if other == name or not state.is_running:
            continue
        unit = tree.find(other)
        if unit is None:
            continue
        for key in ("Wants", "Requires", "BindsTo", "Upholds", "Requisite"):
            if name in unit.words("Unit", key):
                return True
        if other.endswith((".socket", ".timer", ".path")):
            activated = unit.last("Unit") or unit.last("Service") or other.rpartition(".")[0] + ".service"
            if activated == name:
                return True
    return False


def _because(comparison: Comparison) -> str:
    shown = ", ".join(comparison.keys[:3])
    return f"{shown} and {len(comparison.keys) - 3} more changed" if len(comparison.keys) > 3 else f"{shown} changed"


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _fstab_unit(entry: FstabEntry) -> str:
    if entry.kind != "swap":
        return f"{escape_path(entry.mount_point)}.mount"
    tag, separator, value = entry.device.partition("=")
    if separator and tag in _LINKED_DEVICES:
        return f"{escape_path(posixpath.join('/dev/disk', 'by-' + _LINKED_DEVICES[tag], value))}.swap"
    return f"{escape_path(entry.device)}.swap"


def _unescape_fstab(text: str) -> str:
    for code, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, plain)
    return text
