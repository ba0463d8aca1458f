"""The launcher: the transient service it asks for, the output it passes on, the result it waits for."""

from __future__ import annotations

import json

import pytest

from osconf.activation import launcher
from osconf.activation.__main__ import main
from osconf.host.protocol import TransientService


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(launcher, "_LOST_SECONDS", 0.0)


def test_runs_the_activator_with_the_new_usr(world, monkeypatch, capsys, quick) -> None:
    closure = world.make_closure("one")

    def start(service: TransientService) -> None:
        started.append(service)
        world.write(service.output, "osconf: said something\n")
        world.write(service.argv[-1], json.dumps({"exitCode": 4}))

    started: list[TransientService] = []
    monkeypatch.setattr(world.host.systemd, "start_transient", start)
    assert launcher.run_in_unit(world.host, ["switch", "--adopt"], closure.path) == 4
    service = started[0]
    assert service.usr == closure.environment.usr
    assert service.argv[:5] == ("/usr/bin/python3", "-IS", f"{closure.path}/activate", "switch", "--adopt")
    assert service.name.startswith("osconf-switch")
    assert "said something" in capsys.readouterr().err
    assert not list((world.root / "run/osconf").iterdir()), "log and result are cleared away"


def test_a_lost_activator_is_noticed(world, monkeypatch, capsys, quick) -> None:
    closure = world.make_closure("one")
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(launcher.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(launcher.time, "sleep", lambda _seconds: None)
    assert launcher.run_in_unit(world.host, ["switch"], closure.path) == 4
    assert "ended without a result" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["switch", "--what"], ["switch", "--confirm"]])
def test_usage(arguments: list[str], capsys) -> None:
    assert main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_errors_are_explained_not_traced(tmp_path, capsys) -> None:
    assert main(["dry-activate", "--system", str(tmp_path)]) != 0
    captured = capsys.readouterr().err
    assert "error: " in captured
    assert "hint: " in captured
    assert "Traceback" not in captured
