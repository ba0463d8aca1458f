"""What a profile offers, and how its commands start."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from osconf.environment.enter import command_variables, describe_root, is_inside
from osconf.environment.profile import ProfileBuilder, ProfileSource, choose_commands, find_interpreter
from osconf.errors import BuildError

STORE = "/osconf/store"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with an environment, a view of git, the view of a metapackage, and a built tool."""
    for name in (
        "env/usr/bin/git",
        "env/usr/sbin/gitd",
        "env/usr/bin/tool",
        "tool/bin/tool",
        "meta/share/doc/meta",
        "python/usr/bin/python3.13",
        "python/usr/lib64/ld-linux-x86-64.so.2",
        "python/usr/lib/x86_64-linux-gnu/libc.so.6",
    ):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    (tmp_path / "git/bin").mkdir(parents=True)
    for name, target in (("git", "/usr/bin/git"), ("gitd", "/usr/sbin/gitd"), ("lost", "/usr/bin/lost")):
        (tmp_path / "git/bin" / name).symlink_to(target)
    return tmp_path


def real(store: Path) -> Any:
    return lambda path: store / path.removeprefix(f"{STORE}/")


def test_commands_are_those_the_environment_has(store: Path) -> None:
    sources = [ProfileSource("git", (f"{STORE}/git",)), ProfileSource("tool", (f"{STORE}/tool",))]
    assert choose_commands(sources, store / "env", real(store)) == {
        "git": "/usr/bin/git",
        "gitd": "/usr/sbin/gitd",
        "tool": "/usr/bin/tool",
    }


def test_a_metapackage_offers_what_it_depends_on(store: Path) -> None:
    source = ProfileSource("meta", (f"{STORE}/meta",), (f"{STORE}/git",))
    assert set(choose_commands([source], store / "env", real(store))) == {"git", "gitd"}


def test_a_profile_is_relative_and_names_what_it_needs(store: Path, tmp_path: Path) -> None:
    values = {
        "environment": f"{STORE}/env",
        "python": f"{STORE}/python",
        "launcher": f"{STORE}/launcher",
        "sources": [{"name": "git", "paths": [f"{STORE}/git"]}],
        "manifest": {"version": 1, "elements": []},
        "lock": "the lock",
    }
    request = SimpleNamespace(
        out=store / "profile",
        text=lambda key, default="": values.get(key, default),
        json=lambda key, default=None: values.get(key, default),
        real_path=real(store),
    )
    result = ProfileBuilder()(request)  # type: ignore[arg-type]
    assert result.references == {"out": frozenset({f"{STORE}/env", f"{STORE}/python", f"{STORE}/launcher"})}
    script = (store / "profile/bin/git").read_text()
    assert script.startswith("#!/bin/sh\n")
    assert str(tmp_path) not in script
    assert (store / "profile/environment").resolve() == store / "env"
    assert json.loads((store / "profile/manifest.json").read_text())["commands"]["gitd"] == "/usr/sbin/gitd"
    assert (store / "profile/osconf.lock").read_text() == "the lock"


def test_an_environment_without_python_cannot_start_commands(store: Path) -> None:
    assert find_interpreter(store / "python").interpreter == "bin/python3.13"
    with pytest.raises(BuildError, match="holds no Python"):
        find_interpreter(store / "env")


def test_the_root_of_a_command(store: Path) -> None:
    (store / "env/etc/fonts").mkdir(parents=True)
    root = describe_root(str(store / "env"), STORE)
    mounts = {mount[2]: mount for mount in root["mounts"]}  # type: ignore[attr-defined]
    assert mounts["/usr"] == ["bind", f"{store}/env/usr", "/usr", True]
    assert mounts["/etc/fonts"][1] == f"{store}/env/etc/fonts"
    assert mounts["/etc/passwd"][1] == "/etc/passwd"
    assert mounts[STORE] == ["bind", str(store), STORE, True]
    depths = [mount[2].count("/") for mount in root["mounts"]]  # type: ignore[attr-defined]
    assert depths == sorted(depths)
    assert not is_inside(str(store / "env"))


def test_variables_of_the_host_do_not_reach_commands() -> None:
    variables = command_variables({"PATH": "/home/x/bin:/usr/bin", "PYTHONPATH": "/x", "EDITOR": "vi"})
    assert "PYTHONPATH" not in variables
    assert variables["EDITOR"] == "vi"
    assert variables["PATH"].split(":")[:2] == ["/home/x/bin", "/usr/bin"]
    assert "/usr/sbin" in variables["PATH"].split(":")
