"""Live switches under a real systemd: what changes, what stays, what failures leave, and coming back from a kill."""

from __future__ import annotations

import pytest

from osconf.activation.closure import read_closure
from tests.functional.nested_system import NestedSystem, nested_system

__all__ = ["nested_system"]

SERVICE = "[Service]\nExecStart=/bin/sleep {}\n"
HELPERS = r"""
cd /
show() {
  for unit in "$@"; do
    echo "$unit $(systemctl show -p ActiveState --value $unit) $(systemctl show -p MainPID --value $unit)"
  done
  current=$(basename $(readlink /osconf/current-system))
  echo "current $current usr $(cat /usr/share/osconf-environment) motd $(cat /etc/motd)"
  echo "default $(readlink /osconf/var/profiles/system)"
}
switch() { /osconf/store/$1-system/bin/switch-to-configuration "${@:2}"; echo "exit $?"; }
/osconf/store/one-system/activate install --root /
"""


def make_systems(nested: NestedSystem) -> None:
    world = nested.world
    old = world.make_environment("one-env", packages={"systemd": "1"})
    new = world.make_environment("two-env", packages={"systemd": "2"})
    common = {"keep.service": SERVICE.format(1001)}
    nested.make_closure(
        "one",
        {**common, "web.service": SERVICE.format(1002), "gone.service": SERVICE.format(1003)},
        old,
        etc={"motd": "one"},
    )
    two = {**common, "web.service": SERVICE.format(2002), "fresh.service": SERVICE.format(2003)}
    nested.make_closure("two", two, new, etc={"motd": "two"}, users=[{"name": "ann", "isNormalUser": True}])
    nested.make_closure("bad", {**common, "web.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n"}, old)
    check = {"name": "never", "kind": "command", "command": "false", "timeout": 1}
    nested.make_closure("ill", common, new, etc={"motd": "ill"}, healthChecks=[check])
    slow = {"name": "slow", "text": "touch /run/slow; [ -e /run/fast ] || sleep 60"}
    nested.make_closure("slow", two, new, etc={"motd": "slow"}, scripts=[slow])


def sections(output: str) -> dict[str, list[str]]:
    """Split output at lines `== name`."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        else:
            lines.append(line)
    return found


@pytest.mark.slow
def test_switch_fail_go_back_and_roll_back(nested_system: NestedSystem) -> None:
    make_systems(nested_system)
    output = nested_system.run(
        read_closure(nested_system.world.host.files, "/osconf/store/one-system"),
        HELPERS
        + """
echo == before; show keep web gone
echo == switch; switch two switch; show keep web gone fresh; id -u ann
echo == bad; switch bad switch; show keep
echo == ill; switch two switch; switch ill switch; show keep
echo == back; switch one switch --generation 1; show keep web gone fresh
echo == end
""",
    )
    parts = sections(output)
    before, after = parts["before"], parts["switch"]
    assert before[-2:] == ["current one-system usr one-env motd one", "default system-1-link"], output
    assert "exit 0" in after, output
    assert "osconf: re-executing PID 1" in after
    keep = next(line for line in before if line.startswith("keep "))
    assert keep in after, "an unchanged service keeps its process"
    assert any(line.startswith("fresh active") for line in after)
    assert "gone inactive 0" in after
    assert after[-3:-1] == ["current two-system usr two-env motd two", "default system-2-link"]
    assert int(after[-1]) >= 1000, "the declared user exists"
    assert "exit 4" in parts["bad"]
    assert "default system-2-link" in parts["bad"]
    assert "exit 5" in parts["ill"]
    assert "current two-system usr two-env motd two" in parts["ill"]
    assert keep in parts["ill"]
    assert "exit 0" in parts["back"]
    assert parts["back"][-2:] == ["current one-system usr one-env motd one", "default system-1-link"]
    assert keep in parts["back"]
    assert any(line.startswith("gone active") for line in parts["back"])


@pytest.mark.slow
def test_killed_activator_is_resumed_and_a_killed_launcher_does_not_matter(nested_system: NestedSystem) -> None:
    make_systems(nested_system)
    output = nested_system.run(
        read_closure(nested_system.world.host.files, "/osconf/store/one-system"),
        HELPERS
        + """
/osconf/store/slow-system/bin/switch-to-configuration switch & launcher=$!
for i in $(seq 300); do [ -e /run/slow ] && break; sleep 0.1; done
kill -KILL $launcher
unit=$(systemctl list-units --no-legend --plain 'osconf-switch*' | cut -d' ' -f1)
echo == alive; systemctl is-active $unit
systemctl kill -s KILL $unit; touch /run/fast; sleep 0.5
echo == killed; show web
echo == resumed; switch slow switch; show web fresh gone
echo == end
""",
    )
    parts = sections(output)
    assert parts["alive"] == ["active"], output
    assert "web inactive 0" in parts["killed"]
    assert "default system-1-link" in parts["killed"]
    assert "exit 0" in parts["resumed"], output
    assert any(line.startswith("web active") for line in parts["resumed"])
    assert any(line.startswith("fresh active") for line in parts["resumed"])
    assert parts["resumed"][-2:] == ["current slow-system usr two-env motd slow", "default system-2-link"]
