"""A store may have more paths than one frame has room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.daemon import client, wire
from osconf.daemon.client import DaemonStore
from osconf.store.local import LocalStore
from tests.contract.store_kinds import STORE_DIR, run_daemon


def test_closures_and_lists_of_many_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_MESSAGE", 2000)
    monkeypatch.setattr(client, "_SOME_PATHS", 10)
    root = tmp_path / "root"
    with LocalStore.open(root, STORE_DIR, durable=False) as store:
        paths: list[str] = []
        for number in range(60):
            paths.append(store.add_text(f"text-{number}", b"", paths[-3:]))
            (root / "osconf/var/gcroots/auto" / str(number)).symlink_to(paths[-1])
        store.flush()
        closure = store.closure(paths[-1:])
        expected = store.closure_edges(paths[-1:]), store.valid_paths(), store.roots()
    with run_daemon(root) as socket, DaemonStore.connect(socket, STORE_DIR) as found:
        assert (found.closure_edges(paths[-1:]), found.valid_paths(), found.roots()) == expected
        assert found.closure(paths[-1:]) == closure and len(closure) == 60
        assert found.valid_among(paths) == set(paths)
