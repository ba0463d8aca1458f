"""Whole switches on a fake machine: order, failures, going back, and resuming after a kill at every journal line."""

from __future__ import annotations

import pytest

from osconf.activation import commands, journal
from osconf.activation.boot import activate_boot
from osconf.activation.generations import find_default, find_previous, list_generations
from osconf.activation.install import install_generation
from osconf.activation.lock import hold_switch_lock
from osconf.errors import ActivationError
from osconf.host.process import ProgramResult

TARGET = "[Unit]\nDescription=t\n"
SERVICE = "[Service]\nExecStart=/bin/{}\n"
WANTS = "multi-user.target.wants"


def units(**programs: str) -> dict[str, str]:
    """Make enabled services: name=program."""
    result = {"multi-user.target": TARGET}
    for name, program in programs.items():
        result[f"{name}.service"] = SERVICE.format(program)
        result[f"{WANTS}/{name}.service"] = f"-> ../{name}.service"
    return result


@pytest.fixture
def running(world):
    """A machine that booted closure `one` with services same, changed and gone."""
    one = world.make_closure(
        "one", units=units(same="s", changed="a", gone="g"), etc={"motd": "1"}, boot={"loader": "grub"}
    )
    install_generation(world.host, one.path, world.report)
    activate_boot(world.host, one.path, world.report)
    world.host.mounts.usr = one.environment.usr
    world.host.systemd.add("same.service", "changed.service", "gone.service", "multi-user.target")
    world.host.log.clear()
    world.one = one
    return world


def make_two(world, **fields):
    return world.make_closure(
        "two",
        units=units(same="s", changed="b", fresh="f"),
        etc={"motd": "2"},
        boot={"loader": "grub"},
        users=[{"name": "ann", "isNormalUser": True}],
        **fields,
    )


def state(world) -> dict[str, object]:
    """What must be the same however often a switch was interrupted."""
    systemd = world.host.systemd
    return {
        "motd": world.read("/etc/motd"),
        "current": world.host.files.resolve("/osconf/current-system"),
        "usr": world.host.mounts.usr,
        "active": sorted(name for name, unit in systemd.units.items() if unit.is_running),
        "generations": [(item.number, item.system, item.is_default) for item in list_generations(world.host.files)],
        "user": "ann:x:1000" in world.read("/etc/passwd"),
        "menu": "osconf-2" in world.read("/boot/grub/grub.cfg"),
        "journal": journal.read_journal(world.host.files).result,
    }


def test_switch_in_order(running) -> None:
    two = make_two(running)
    running.host.systemd.pulled_in["multi-user.target"] = ("fresh.service",)
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 0
    log = [line for line in running.host.log if not line.startswith(("run ", "tmpfs"))]
    assert log == [
        "sync /osconf/store",
        "stop changed.service gone.service",
        f"usr {two.environment.usr}",
        "daemon-reload",
        "start changed.service fresh.service",
        "start multi-user.target",
    ]
    assert state(running) == {
        "motd": "2",
        "current": two.path,
        "usr": two.environment.usr,
        "active": ["changed.service", "fresh.service", "multi-user.target", "same.service"],
        "generations": [(1, running.one.path, False), (2, two.path, True)],
        "user": True,
        "menu": True,
        "journal": "ok",
    }


def test_test_makes_no_generation(running) -> None:
    two = make_two(running)
    assert commands.switch(running.host, two.path, "test", {}, running.report) == 0
    assert running.read("/etc/motd") == "2"
    assert find_default(running.host.files).number == 1


def test_rollback_of_a_test_goes_to_the_default(running) -> None:
    two = make_two(running)
    commands.switch(running.host, two.path, "test", {}, running.report)
    assert commands.roll_back(running.host, running.report) == 0
    assert running.host.log[-1] == f"run {running.one.path}/bin/switch-to-configuration switch"


def test_rollback_goes_to_the_generation_before(running) -> None:
    two = make_two(running)
    commands.switch(running.host, two.path, "switch", {}, running.report)
    assert find_previous(running.host.files).number == 1
    assert commands.roll_back(running.host, running.report) == 0
    assert any("going back to generation 1" in message for message in running.messages)


def test_failed_unit_gives_four_and_no_boot_default(running) -> None:
    two = make_two(running)
    running.host.systemd.failing.add("fresh.service")
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 4
    assert find_default(running.host.files).number == 1
    assert "osconf-2" not in running.read("/boot/grub/grub.cfg")
    assert any("failed: fresh.service" in message for message in running.messages)
    assert journal.read_journal(running.host.files).result == "failed"


def test_restarting_service_with_an_error_counts_as_failed(running) -> None:
    two = make_two(running)
    systemd = running.host.systemd
    start = systemd._run_job

    def crash(verb: str, unit: str) -> str:
        result = start(verb, unit)
        if unit == "fresh.service":
            systemd.add(unit, active="activating", sub="auto-restart")
            systemd.statuses[unit] = 1
        return result

    systemd._run_job = crash
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 4


def test_failing_script_gives_four(running) -> None:
    two = make_two(running, scripts=[{"name": "bad", "text": "false"}, {"name": "after", "text": "x", "deps": ["bad"]}])
    running.host.programs["bash"] = lambda argv: ProgramResult(1 if argv[3] == "bad" else 0, b"", b"oh no")
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 4
    scripts = [line.split()[-1] for line in running.host.log if line.startswith("run /usr/bin/bash")]
    assert scripts == ["bad", "after"]


def test_unhealthy_switch_goes_back(running) -> None:
    two = make_two(running, healthChecks=[{"name": "answers", "kind": "command", "command": "ask", "timeout": 3}])
    running.host.programs["bash"] = lambda argv: ProgramResult(1)
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 5
    assert f"run {running.one.path}/bin/switch-to-configuration test" in running.host.log
    assert find_default(running.host.files).number == 1


def test_unconfirmed_switch_goes_back(running) -> None:
    two = make_two(running)
    assert commands.switch(running.host, two.path, "switch", {"confirm": "5"}, running.report) == 5
    assert any("nobody confirmed" in message for message in running.messages)


def test_inhibitors_refuse_with_one_hundred(running) -> None:
    two = make_two(running, inhibitors={"init": "other"})
    with pytest.raises(ActivationError) as caught:
        commands.switch(running.host, two.path, "switch", {}, running.report)
    assert caught.value.exit_code == 100
    assert "sync" not in " ".join(running.host.log), "nothing was done"
    assert commands.make_boot_default(running.host, two.path, running.report) == 0
    assert find_default(running.host.files).number == 2


def test_systemd_library_and_bus_are_inhibitors(running) -> None:
    library = "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-{}.so"
    bus = "usr/lib/systemd/system/dbus.service"
    old = running.make_environment("e-old", {library.format(257): "", bus: "ExecStart=/usr/bin/dbus-daemon"})
    new = running.make_environment("e-new", {library.format(258): "", bus: "ExecStart=/usr/bin/dbus-broker-launch"})
    one = running.make_closure("i-one", environment=old)
    two = running.make_closure("i-two", environment=new)
    from osconf.activation.plan import find_inhibitors

    assert len(find_inhibitors(running.host.files, one, two)) == 2
    assert find_inhibitors(running.host.files, one, one) == ()


def test_init_is_reexecuted_when_its_packages_change(running) -> None:
    old = running.make_environment("r-old", packages={"systemd": "257.1", "nginx": "1"})
    same = running.make_environment("r-same", packages={"systemd": "257.1", "nginx": "2"})
    new = running.make_environment("r-new", packages={"systemd": "257.2", "nginx": "2"})
    for name, environment in (("r1", old), ("r2", same), ("r3", new)):
        closure = running.make_closure(name, environment=environment)
        if name == "r2":
            running.host.log.clear()
        commands.switch(running.host, closure.path, "test", {}, running.report)
    assert running.host.log.count("reexecute") == 1
    order = [line for line in running.host.log if line.startswith(("usr ", "reexecute", "daemon-reload"))]
    assert order[-3:] == [f"usr {new}/usr", "reexecute", "daemon-reload"]


def test_foreign_etc_file_refuses_before_anything_is_stopped(running) -> None:
    running.write("/etc/extra", "by hand")
    two = running.make_closure("two", units=units(), etc={"extra": "x"})
    with pytest.raises(ActivationError) as caught:
        commands.switch(running.host, two.path, "switch", {}, running.report)
    assert (caught.value.code, caught.value.exit_code) == ("foreign-etc-file", 1)
    assert running.host.systemd.units["gone.service"].active == "active"


def test_a_held_lock_names_its_holder(running) -> None:
    two = make_two(running)
    with (
        hold_switch_lock(running.host, "a long test"),
        pytest.raises(ActivationError, match="a long test"),
    ):
        commands.switch(running.host, two.path, "switch", {}, running.report)


def test_full_boot_partition_keeps_the_old_default(running, monkeypatch) -> None:
    two = make_two(running)

    def refuse(*_arguments, **_options):
        raise ActivationError("the boot partition has no room")

    monkeypatch.setattr("osconf.activation.commit.write_boot_menu", refuse)
    with pytest.raises(ActivationError, match="no room"):
        commands.switch(running.host, two.path, "switch", {}, running.report)
    assert find_default(running.host.files).number == 1
    monkeypatch.undo()
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 0
    assert find_default(running.host.files).system == two.path


def count_journal_lines(world) -> int:
    return len(world.read(journal.PATH).splitlines())


@pytest.mark.parametrize("line", range(1, 39))
def test_killed_after_any_journal_line_the_next_call_finishes(running, monkeypatch, line: int) -> None:
    two = make_two(running)
    written = 0
    original = journal.Journal._write

    def write(self, **record: object) -> None:
        nonlocal written
        original(self, **record)
        written += 1
        if written == line:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "_write", write)
        with pytest.raises(KeyboardInterrupt):
            commands.switch(running.host, two.path, "switch", {}, running.report)
    assert commands.switch(running.host, two.path, "switch", {}, running.report) == 0
    expected = {
        "motd": "2",
        "current": two.path,
        "usr": two.environment.usr,
        "active": ["changed.service", "fresh.service", "multi-user.target", "same.service"],
        "generations": [(1, running.one.path, False), (2, two.path, True)],
        "user": True,
        "menu": True,
        "journal": "ok",
    }
    assert state(running) == expected


@pytest.mark.parametrize("line", [5, 9, 11, 13, 31])
def test_killed_switch_can_be_left_for_another_system(running, monkeypatch, line: int) -> None:
    two = make_two(running)
    written = 0
    original = journal.Journal._write

    def write(self, **record: object) -> None:
        nonlocal written
        original(self, **record)
        written += 1
        if written == line:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "_write", write)
        with pytest.raises(KeyboardInterrupt):
            commands.switch(running.host, two.path, "switch", {}, running.report)
    assert commands.switch(running.host, running.one.path, "switch", {}, running.report) == 0
    after = state(running)
    assert after["current"] == running.one.path
    assert after["usr"] == running.one.environment.usr
    assert set(after["active"]) >= {"same.service", "changed.service", "gone.service"}, after["active"]
    assert "fresh.service" not in after["active"]


def test_a_reboot_ends_an_interrupted_switch(running, monkeypatch) -> None:
    two = make_two(running)
    monkeypatch.setattr(running.host.mounts, "switch_usr", lambda usr: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        commands.switch(running.host, two.path, "switch", {}, running.report)
    running.host.boot = "boot-2"
    assert commands.find_carried(running.host) is None
    assert activate_boot(running.host, running.one.path, running.report) == 0
    assert journal.read_journal(running.host.files).result == "interrupted"
    assert running.read("/etc/motd") == "1"


def test_plan_is_what_the_run_does(running, capsys) -> None:
    two = make_two(running)
    assert commands.show_plan(running.host, two.path, as_json=False) == 0
    text = capsys.readouterr().out
    for expected in (
        "gone.service (removed)",
        "changed.service (ExecStart changed)",
        "fresh.service (newly enabled)",
        "user ann",
    ):
        assert expected in text
    assert running.host.log == []
