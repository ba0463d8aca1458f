"""The driver's waits."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from osconf.vm import machine
from osconf.vm.machine import Machine, MachineError
from osconf.vm.qemu import Channels, choose_forwards


def test_all_waits_follow_the_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PATIENCE", 0.01)

    def never(_channels: Channels) -> list[str]:
        raise AssertionError

    silent = Machine(never, tmp_path)
    here, there = socket.socketpair()
    with here, there:
        monkeypatch.setattr(silent, "_shell", here)
        with pytest.raises(MachineError, match="no answer within 2 s: the end of: true"):
            silent.execute("true", timeout=200)
        with pytest.raises(MachineError, match="no answer within 1 s: the guest's shell"):
            silent.wait_for_shell(timeout=100)


def test_each_forwarded_port_has_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system gives a port again as soon as it is given back."""
    free = [7001, 7002, 7003]

    class Listener:
        def __enter__(self) -> Listener:
            return self

        def __exit__(self, *_: object) -> None:
            free.insert(0, self.port)

        def bind(self, _address: object) -> None:
            self.port = free.pop(0)

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", self.port

    monkeypatch.setattr("socket.socket", Listener)
    assert choose_forwards([80, 22, 443]) == {7001: 80, 7002: 22, 7003: 443}
