"""What a service manager must do, for the one in memory and for PID 1 (where systemd runs and we are root)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.host.fake import FakeManager
from osconf.host.protocol import SystemdManager

UNITS = {
    "osconf-contract-good.service": "[Service]\nExecStart=/bin/sleep 1000\n",
    "osconf-contract-bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
}


@pytest.fixture(params=["fake", "real"])
def manager(request: pytest.FixtureRequest) -> Iterator[SystemdManager]:
    if request.param == "fake":
        fake = FakeManager([])
        fake.add(*UNITS, active="inactive", sub="dead")
        fake.failing.add("osconf-contract-bad.service")
        yield fake
        return
    if not Path("/run/systemd/system").is_dir() or os.geteuid() != 0:
        pytest.skip("needs systemd as PID 1 and root")
    from osconf.host.systemd import BusManager

    folder = Path("/run/systemd/system")
    for name, text in UNITS.items():
        (folder / name).write_text(text)
    real = BusManager()
    real.daemon_reload()
    yield real
    real.run_jobs("stop", list(UNITS), 30)
    real.reset_failed(UNITS)
    for name in UNITS:
        (folder / name).unlink()
    real.daemon_reload()


def test_jobs_and_states(manager: SystemdManager) -> None:
    good, bad = UNITS
    results = manager.run_jobs("start", [good, bad], 30)
    assert [(item.unit, item.result) for item in results] == [(good, "done"), (bad, "failed")]
    units = manager.list_units()
    assert units[good].is_running
    assert units[bad].active == "failed"
    assert manager.main_status(bad) == 1
    manager.reset_failed([bad, "osconf-contract-unknown.service"])
    assert bad not in manager.list_units() or manager.list_units()[bad].active == "inactive"
    assert all(item.is_good for item in manager.run_jobs("restart", [good], 30))
    assert all(item.is_good for item in manager.run_jobs("stop", [good], 30))
    assert good not in manager.list_units() or not manager.list_units()[good].is_running


def test_no_jobs_at_all(manager: SystemdManager) -> None:
    assert manager.run_jobs("start", [], 1) == ()
