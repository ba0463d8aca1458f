"""Setuid wrappers, capabilities, activation scripts."""

from __future__ import annotations

import json
import struct

import pytest

from osconf.activation.accounts import read_accounts
from osconf.activation.closure import Closure, Script
from osconf.activation.scripts import order_scripts
from osconf.activation.wrappers import apply_wrappers, parse_capabilities
from osconf.errors import ActivationError


def apply(world, closure: Closure) -> None:
    accounts = read_accounts(world.host.files, closure.environment.path)
    apply_wrappers(world.host.files, closure, accounts, world.report)


def test_wrappers_replace_each_other_by_one_link(world) -> None:
    world.write("/osconf/store/sudo-1/usr/bin/sudo", "one")
    world.write("/osconf/store/sudo-2/usr/bin/sudo", "two")
    wrapper = {"name": "sudo", "source": "/osconf/store/sudo-1/usr/bin/sudo", "mode": "4755"}
    apply(world, world.make_closure("one", wrappers=[wrapper, {"name": "bad", "source": "/missing"}]))
    program = world.root / "run/wrappers/bin/sudo"
    assert program.read_text() == "one"
    assert program.stat().st_mode & 0o7777 == 0o4755
    assert any("wrapper bad is left out" in message for message in world.messages)
    apply(world, world.make_closure("two", wrappers=[{**wrapper, "source": "/osconf/store/sudo-2/usr/bin/sudo"}]))
    assert program.read_text() == "two"
    assert len(list((world.root / "run/wrappers").glob("w.*"))) == 1


def test_source_below_usr_is_found_behind_the_wrapper_link(world) -> None:
    environment = world.make_environment("e", packages={"sudo": "1"})
    world.write("/osconf/store/sudo-1/usr/bin/sudo", "real")
    link = world.root / "osconf/store/e/usr/bin/sudo"
    link.symlink_to("/run/wrappers/bin/sudo")
    data = {"packages": [{"name": "sudo", "version": "1", "contents": "/osconf/store/sudo-1"}]}
    data["wrappers"] = [{"name": "sudo", "source": "/usr/bin/sudo", "mode": "4755"}]
    world.write("/osconf/store/e/environment.json", json.dumps(data))
    apply(world, world.make_closure("one", environment=environment))
    assert (world.root / "run/wrappers/bin/sudo").read_text() == "real"


def test_capabilities() -> None:
    value = parse_capabilities("cap_net_raw,cap_net_bind_service+ep")
    assert struct.unpack("<IIIII", value) == (0x02000001, 1 << 13 | 1 << 10, 0, 0, 0)
    assert struct.unpack("<IIIII", parse_capabilities("cap_bpf=p"))[3] == 1 << (39 - 32)
    with pytest.raises(ActivationError, match="cap_fly"):
        parse_capabilities("cap_fly+ep")


def test_scripts_run_after_what_they_depend_on() -> None:
    scripts = [Script("a", "", ("c",)), Script("b", ""), Script("c", "", ("b", "users"))]
    assert [script.name for script in order_scripts(scripts)] == ["b", "c", "a"]
    with pytest.raises(ActivationError, match="a -> b -> a"):
        order_scripts([Script("a", "", ("b",)), Script("b", "", ("a",))])
