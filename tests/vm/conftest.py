"""What the tests of real systems share."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.vm.machine import PATIENCE
from tests.vm.outside import SshKey

VM_FOLDER = Path(__file__).parent
# The long ones first, so that two processes end at about the same time.
ORDER = (
    *("test_power_cut", "test_power_off", "test_switch_power_cut"),
    *("test_library_update", "test_switch_inside", "test_switch", "test_webserver", "test_seed"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder boots machines; that takes longest, so it begins first."""
    machines = [item for item in items if VM_FOLDER in item.path.parents]
    for item in machines:
        item.add_marker(pytest.mark.vm)
        # Emulated machines on a busy host: slow is no failure here.
        item.add_marker(pytest.mark.timeout(2400 * PATIENCE))
    machines.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER))
    items[:] = machines + [item for item in items if item not in machines]


@pytest.fixture(scope="session")
def ssh_key(tmp_path_factory: pytest.TempPathFactory) -> SshKey:
    """A key pair for this run."""
    return SshKey(tmp_path_factory.mktemp("ssh"))
