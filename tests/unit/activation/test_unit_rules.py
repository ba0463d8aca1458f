"""The unit rules as a table: what two versions of a unit and its state lead to."""

from __future__ import annotations

import pytest

from osconf.activation.unit_rules import UnitPlan, parse_fstab, plan_mounts, plan_units
from osconf.activation.units import UnitTree, compare_units, escape_path, parse_unit, template_of
from osconf.host.protocol import UnitState

SERVICE = "[Unit]\nDescription=one\n[Service]\nExecStart=/bin/a\n"
CHANGED = SERVICE.replace("/bin/a", "/bin/b")


def plan(
    world, old: dict[str, str], new: dict[str, str], *, running: str = "", carried=None, old_env=None, new_env=None
):
    """Plan between two closures made of units; `running` names the active ones (all old ones by default)."""
    before = world.make_closure("old", units=old, environment=old_env and world.make_environment("old-env", old_env))
    after = world.make_closure("new", units=new, environment=new_env and world.make_environment("new-env", new_env))
    names = running.split() or [name for name in old if "/" not in name]
    states = {name: UnitState(name, "active") for name in names}
    return plan_units(UnitTree(world.host.files, before), UnitTree(world.host.files, after), states, carried=carried)


def show(result: UnitPlan) -> str:
    """Write a plan as one line: `stop:a start:a,b`."""
    parts = []
    for verb in ("stop", "restart", "reload", "start", "skipped"):
        units = [step.unit for step in getattr(result, verb)]
        if units:
            parts.append(f"{verb}:{','.join(units)}")
    if result.targets:
        parts.append(f"targets:{','.join(result.targets)}")
    return " ".join(parts)


CASES = {
    "unchanged": (SERVICE, SERVICE, ""),
    "description only": (SERVICE, SERVICE.replace("one", "two"), ""),
    "install section only": (SERVICE, SERVICE + "[Install]\nWantedBy=x.target\n", ""),
    "comments and order": (SERVICE, "# new\n[Service]\nExecStart=/bin/a\n[Unit]\nDescription=one\n", ""),
    "changed": (SERVICE, CHANGED, "stop:u.service start:u.service"),
    "dependency changed": (SERVICE, SERVICE + "[Unit]\nAfter=z.service\n", "stop:u.service start:u.service"),
    "stop if changed false": (SERVICE, CHANGED + "X-StopIfChanged=false\n", "restart:u.service"),
    "restart if changed false": (SERVICE, CHANGED + "X-RestartIfChanged=false\n", "skipped:u.service"),
    "reload if changed": (SERVICE, CHANGED + "X-ReloadIfChanged=true\n", "reload:u.service"),
    "reload refused for a new environment": (
        SERVICE + "BindReadOnlyPaths=/osconf/store/a/usr:/usr\n",
        SERVICE + "BindReadOnlyPaths=/osconf/store/b/usr:/usr\nX-ReloadIfChanged=true\n",
        "stop:u.service start:u.service",
    ),
    "reload triggers": (SERVICE, SERVICE + "[Unit]\nX-Reload-Triggers=/x\n", "reload:u.service"),
    "restart triggers": (SERVICE, SERVICE + "[Unit]\nX-Restart-Triggers=/x\n", "stop:u.service start:u.service"),
    "reload command only": (SERVICE, SERVICE + "ExecReload=/bin/kill -HUP $MAINPID\n", "reload:u.service"),
    "steering keys only": (SERVICE, SERVICE + "X-StopIfChanged=false\n", ""),
    "refuses stop": (SERVICE, CHANGED + "[Unit]\nRefuseManualStop=yes\n", "skipped:u.service"),
    "only manual start": (SERVICE, CHANGED + "[Unit]\nX-OnlyManualStart=true\n", "skipped:u.service"),
    "masked": (SERVICE, "-> /dev/null", "stop:u.service"),
    "reset by an empty assignment": (SERVICE + "ExecStartPre=/x\nExecStartPre=\n", SERVICE, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_running_service(world, case: str) -> None:
    old, new, expected = CASES[case]
    assert show(plan(world, {"u.service": old}, {"u.service": new})) == expected


OTHER_KINDS = {
    "u.timer": ("[Timer]\nOnCalendar=daily\n", "[Timer]\nOnCalendar=weekly\n", "restart:u.timer"),
    "u.path": ("[Path]\nPathExists=/a\n", "[Path]\nPathExists=/b\n", ""),
    "u.slice": ("[Slice]\nCPUWeight=1\n", "[Slice]\nCPUWeight=2\n", ""),
    "u.swap": ("[Swap]\nWhat=/a\n", "[Swap]\nWhat=/b\n", "restart:u.swap"),
    "srv.mount": (
        "[Mount]\nWhere=/srv\nWhat=/a\nOptions=ro\n",
        "[Mount]\nWhere=/srv\nWhat=/a\nOptions=rw\n",
        "reload:srv.mount",
    ),
    "srv-x.mount": ("[Mount]\nWhere=/srv/x\nWhat=/a\n", "[Mount]\nWhere=/srv/x\nWhat=/b\n", "restart:srv-x.mount"),
    "nix-store.mount": (
        "[Mount]\nWhere=/nix/store\nWhat=/a\n",
        "[Mount]\nWhere=/nix/store\nWhat=/b\n",
        "skipped:nix-store.mount",
    ),
    "u.target": ("[Unit]\nDescription=a\n", "[Unit]\nDescription=b\nWants=c.service\n", "targets:u.target"),
    "suspend.target": ("[Unit]\nDescription=a\n", "[Unit]\nDescription=b\n", ""),
    "dbus.service": (SERVICE, CHANGED, "skipped:dbus.service"),
    "systemd-logind.service": (SERVICE, CHANGED, "skipped:systemd-logind.service"),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_other_kinds(world, name: str) -> None:
    old, new, expected = OTHER_KINDS[name]
    assert show(plan(world, {name: old}, {name: new})) == expected


def test_removed_units_stop_unless_told_otherwise(world) -> None:
    kept = "[Unit]\nX-StopOnRemoval=false\n" + SERVICE
    result = plan(world, {"a.service": SERVICE, "b.service": kept}, {})
    assert show(result) == "stop:a.service skipped:b.service"


def test_inactive_and_unknown_units_are_left_alone(world) -> None:
    result = plan(world, {"a.service": SERVICE}, {"a.service": CHANGED}, running="other.service")
    assert show(result) == ""


def test_socket_activated_service_stops_both_and_starts_the_socket(world) -> None:
    socket = "[Socket]\nListenStream=80\n"
    links = {"sockets.target.wants/u.socket": "-> ../u.socket"}
    old = {"u.service": SERVICE, "u.socket": socket, **links}
    new = {"u.service": CHANGED, "u.socket": socket, **links}
    assert show(plan(world, old, new)) == "stop:u.service,u.socket start:u.socket"


def test_not_socket_activated(world) -> None:
    socket = "[Socket]\nListenStream=80\n"
    old = {"u.service": SERVICE, "u.socket": socket, "sockets.target.wants/u.socket": "-> ../u.socket"}
    new = {**old, "u.service": CHANGED + "X-NotSocketActivated=true\n"}
    assert show(plan(world, old, new)) == "stop:u.service start:u.service"


def test_changed_socket_takes_its_service_along(world) -> None:
    old = {"u.service": SERVICE, "u.socket": "[Socket]\nListenStream=80\n"}
    new = {"u.service": SERVICE, "u.socket": "[Socket]\nListenStream=81\n"}
    assert show(plan(world, old, new)) == "stop:u.service,u.socket start:u.socket"


def test_template_instances_use_their_template(world) -> None:
    result = plan(world, {"u@.service": SERVICE}, {"u@.service": CHANGED}, running="u@one.service")
    assert show(result) == "stop:u@one.service start:u@one.service"


def test_drop_ins_over_package_units_count(world) -> None:
    package = {"usr/lib/systemd/system/p.service": SERVICE}
    result = plan(
        world,
        {"p.service.d/50.conf": "[Unit]\nX-Restart-Triggers=a\n"},
        {"p.service.d/50.conf": "[Unit]\nX-Restart-Triggers=b\n"},
        running="p.service",
        old_env=package,
        new_env=package,
    )
    assert show(result) == "stop:p.service start:p.service"


def test_package_oneshots_that_ran_at_boot_are_not_run_again(world) -> None:
    old = {"usr/lib/systemd/system/p.service": SERVICE + "Type=oneshot\n"}
    new = {"usr/lib/systemd/system/p.service": CHANGED + "Type=oneshot\n"}
    assert show(plan(world, {}, {}, running="p.service", old_env=old, new_env=new)) == "skipped:p.service"


def test_package_unit_that_is_no_longer_enabled_stops(world) -> None:
    package = {"usr/lib/systemd/system/p.service": SERVICE}
    old = {
        "multi-user.target.wants/p.service": "-> /usr/lib/systemd/system/p.service",
        "multi-user.target": "[Unit]\nA=b\n",
    }
    new = {"multi-user.target": "[Unit]\nA=b\n"}
    result = plan(world, old, new, running="p.service multi-user.target", old_env=package, new_env=package)
    assert show(result) == "stop:p.service targets:multi-user.target"


def test_newly_enabled_units_start(world) -> None:
    base = {"multi-user.target": "[Unit]\nA=b\n"}
    new = {**base, "n.service": SERVICE, "multi-user.target.wants/n.service": "-> ../n.service"}
    assert show(plan(world, base, new)) == "start:n.service targets:multi-user.target"


def test_jobs_of_an_interrupted_switch_are_carried_on(world) -> None:
    units = {"a.service": SERVICE, "b.service": SERVICE, "c.service": SERVICE}
    carried = {"start": ["a.service"], "restart": ["b.service"], "reload": ["c.service", "gone.service"]}
    result = plan(world, units, units, running="b.service c.service", carried=carried)
    assert show(result) == "restart:b.service reload:c.service start:a.service"


def test_fstab_changes() -> None:
    old = "/dev/a /data ext4 ro\n/dev/b /gone ext4\n/dev/c /opt ext4\nUUID=1-2 none swap\n/dev/r / ext4 ro\n"
    new = "/dev/a /data ext4 rw\n/dev/d /opt ext4\n/dev/x / ext4 ro\n"
    names = ("data.mount", "gone.mount", "opt.mount", "-.mount", "dev-disk-by\\x2duuid-1\\x2d2.swap")
    states = {name: UnitState(name, "active") for name in names}
    result = plan_mounts(old, new, states, UnitPlan())
    assert show(result) == (
        "stop:dev-disk-by\\x2duuid-1\\x2d2.swap,gone.mount restart:opt.mount reload:data.mount skipped:-.mount"
    )


def test_parsing() -> None:
    unit = parse_unit(
        ["[Service]\nExecStart=/a \\\n  # not this\n  b\nExecStart=/c\n; no\n", "[Service]\nExecStart=\nExecStart=/d\n"]
    )
    assert unit == {"Service": {"ExecStart": ("/d",)}}
    assert template_of("getty@tty1.service") == "getty@.service"
    assert template_of("getty@.service") is None
    assert escape_path("/srv/my-data/.x y") == "srv-my\\x2ddata-.x\\x20y"
    assert escape_path("/") == "-"
    assert parse_fstab("/dev/a /with\\040space ext4 a,b 0 1\n# x\n")["/with space"].options == ("a", "b")
    assert compare_units.__doc__
