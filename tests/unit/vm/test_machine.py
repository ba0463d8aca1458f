"""The driver's waits."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from osconf.vm import machine
from osconf.vm.machine import Machine, MachineError
from osconf.vm.qemu import Channels


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
