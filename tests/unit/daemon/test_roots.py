"""A result link that a user of the daemon made is on the disk when the command ends, and so is what remembers it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from osconf.daemon.client import DaemonStore
from tests.contract.store_kinds import STORE_DIR, run_daemon


@pytest.mark.parametrize("trusts", [True, False])
def test_links_are_synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusts: bool) -> None:
    told = tmp_path / "synced"
    sync = os.fsync

    def tell(descriptor: int) -> None:
        sync(descriptor)
        # The daemon is another process, with this function.
        with told.open("a") as file:
            file.write(os.readlink(f"/proc/self/fd/{descriptor}") + "\n")  # noqa: PTH115

    monkeypatch.setattr(os, "fsync", tell)
    home = tmp_path / "home"
    home.mkdir()
    with run_daemon(tmp_path / "root", trusts=trusts) as socket, DaemonStore.connect(socket, STORE_DIR) as store:
        store.add_root(home / "result", store.add_text("x", b"x"))
    synced = told.read_text().splitlines()
    directory = store.layout.roots / "auto"
    (remembered,) = (link for link in directory.rglob("*") if link.is_symlink())
    assert str(remembered.parent) in synced
    assert str(home) in synced
