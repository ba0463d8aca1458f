"""What a machine's builder does before anything is built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from osconf.archive.acquire import Access
from osconf.archive.fetch import Progress
from osconf.build.reporter import QuietReporter
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError
from osconf.rebuild.building import MachineBuilder
from osconf.store.local import LocalStore
from tests.unit.build.conftest import Workbench


def test_downloads_end_when_the_build_is_cancelled(tmp_path: Path) -> None:
    cancelled = threading.Event()

    def fetch_blobs(_cache: object, _wanted: Iterable[object], callback: Callable[[Progress], None]) -> None:
        for count in range(1000):
            callback(Progress(0, 1, count, 1000, "slow"))
            cancelled.set()
        raise AssertionError("this goes on for nobody")

    access = SimpleNamespace(fetcher=SimpleNamespace(fetch_blobs=fetch_blobs), cache=None)
    builder = MachineBuilder(lambda: cast(Access, access), BuildSettings())
    with LocalStore.open(tmp_path, durable=False) as store:
        drv = Workbench(store).text("x", "x").path
        with pytest.raises(BuildError) as caught:
            builder.realise(store, [drv], builder.settings, QuietReporter(), cancelled)
    assert caught.value.code == "interrupted"
