"""A throw-away store for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.store.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    """An empty store that never syncs."""
    with LocalStore.open(tmp_path / "root", durable=False) as opened:
        yield opened


@pytest.fixture
def other(store: LocalStore) -> Iterator[LocalStore]:
    """The same store as another process would open it."""
    with LocalStore.open(store.root, durable=False) as opened:
        yield opened
