"""The real Nix and a store of ours with Nix's directory, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.store.local import LocalStore
from tests.unit.model.oracle import NixOracle


@pytest.fixture
def oracle(tmp_path: Path) -> NixOracle:
    return NixOracle(tmp_path / "oracle")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "ours", "/nix/store", durable=False) as opened:
        yield opened
