"""The store beside the real Nix on the same data: archives, closures, garbage."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.model.hashes import hash_bytes
from osconf.model.nar import hash_path
from osconf.model.path_info import PathInfo
from osconf.store.local import LocalStore
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = pytest.mark.skipif(not has_nix(), reason="no nix-store here")

BARS = {"archive": 1.2, "closure": 2.0, "garbage": 2.0}
"""How many times longer than Nix each may take."""


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def judge(name: str, ours: float, theirs: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Print both times and compare them with the bar."""
    with capsys.disabled():
        print(f"\n{name:10} nix {theirs:6.2f} s   osconf {ours:6.2f} s   {ours / theirs:5.1f}x")
    assert ours <= theirs * BARS[name]


def test_archive_of_a_gigabyte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree"
    block = os.urandom(1 << 20)
    for directory in range(10):
        (tree / str(directory)).mkdir(parents=True)
        for number in range(300):
            (tree / str(directory) / f"small{number}").write_bytes(block[: number * 100])
        (tree / str(directory) / "large").write_bytes(block * 100)
    oracle = NixOracle(tmp_path / "oracle")
    hash_path(tree)
    judge(
        "archive",
        min(timed(lambda: hash_path(tree)) for _ in range(3)),
        min(timed(lambda: oracle.text("nix-hash", "--type", "sha256", str(tree))) for _ in range(3)),
        capsys,
    )


def make_graph(count: int) -> list[PathInfo]:
    """Paths that refer to the one before and to five others."""
    chooser = random.Random(1)
    content = hash_bytes("sha256", b"x")
    paths = [f"/nix/store/{hash_bytes('sha1', b'%d' % number).base32()}-p{number}" for number in range(count)]
    return [
        PathInfo(
            path,
            content,
            100,
            frozenset([*chooser.sample(paths[:number], min(number, 5)), *paths[number - 1 : number]]),
        )
        for number, path in enumerate(paths)
    ]


def register_with_nix(oracle: NixOracle, infos: list[PathInfo]) -> None:
    """Make the same paths valid for Nix."""
    lines: list[str] = []
    for info in infos:
        references = sorted(info.references)
        lines += [info.path, info.nar_hash.base16(), str(info.nar_size), "", str(len(references)), *references]
    oracle.run("nix-store", "--load-db", data=("\n".join(lines) + "\n").encode())


def test_closure_of_ten_thousand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infos = make_graph(10_000)
    oracle = NixOracle(tmp_path / "oracle")
    register_with_nix(oracle, infos)
    with LocalStore.open(tmp_path / "ours", "/nix/store", durable=False) as store:
        store.register(infos)
        top = infos[-1].path
        assert len(store.closure([top])) == len(infos)
        judge(
            "closure",
            min(timed(lambda: store.closure([top])) for _ in range(3)),
            min(timed(lambda: oracle.run("nix-store", "-qR", top)) for _ in range(3)),
            capsys,
        )


def test_garbage_of_thirty_thousand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infos = make_graph(30_000)
    oracle = NixOracle(tmp_path / "oracle")
    register_with_nix(oracle, infos)
    with LocalStore.open(tmp_path / "ours", "/nix/store", durable=False) as store:
        store.register(infos)
        for directory in (store.layout.store, oracle.root / "root/nix/store"):
            directory.mkdir(parents=True, exist_ok=True)
            for info in infos:
                (directory / info.path.rpartition("/")[2]).write_text("x")
        ours = timed(store.collect_garbage)
        assert store.valid_paths() == []
    judge("garbage", ours, timed(lambda: oracle.run("nix-store", "--gc")), capsys)
