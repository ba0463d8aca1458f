"""What the tests of real systems share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.outside import SshKey

VM_FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder boots machines."""
    for item in items:
        if VM_FOLDER in item.path.parents:
            item.add_marker(pytest.mark.vm)
            # Emulated machines on a busy host: slow is no failure here.
            item.add_marker(pytest.mark.timeout(2400))


@pytest.fixture(scope="session")
def ssh_key(tmp_path_factory: pytest.TempPathFactory) -> SshKey:
    """A key pair for this run."""
    return SshKey(tmp_path_factory.mktemp("ssh"))
