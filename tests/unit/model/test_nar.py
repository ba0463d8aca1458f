"""Archives: writing, hashing, reading, and refusing bad ones."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from osconf.model.nar import BadArchive, UnsupportedFile, dump_bytes, dump_path, hash_path, restore


def dump(path: Path, **options: object) -> bytes:
    """The archive in memory."""
    result = bytearray()
    dump_path(path, result.extend, **options)
    return bytes(result)


def token(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data + bytes(-len(data) % 8)


def tokens(*parts: bytes) -> bytes:
    return b"".join(token(part) for part in parts)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with every kind of thing."""
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "plain").write_text("hello")
    (root / "sub" / "run").write_text("#!/bin/sh")
    (root / "sub" / "run").chmod(0o755)
    (root / "large").write_bytes(os.urandom((1 << 20) * 2 + 5))
    (root / "link").symlink_to("nowhere")
    (root / "empty").write_text("")
    (root / os.fsdecode(b"\xff\xfe")).mkdir()
    return root


def test_round_trip(tree: Path, tmp_path: Path) -> None:
    archive = dump(tree)
    restore(io.BytesIO(archive), tmp_path / "copy")
    assert dump(tmp_path / "copy") == archive
    assert os.access(tmp_path / "copy/sub/run", os.X_OK)
    assert (tmp_path / "copy/link").readlink() == Path("nowhere")


def test_restore_leaves_what_follows(tree: Path, tmp_path: Path) -> None:
    stream = io.BytesIO(dump(tree) + b"next")
    restore(stream, tmp_path / "copy")
    assert stream.read() == b"next"


def test_keep_filters_by_relative_path_and_kind(tree: Path) -> None:
    asked = {}

    def keep(path: str, kind: str) -> bool:
        asked[path] = kind
        return path not in ("large", "sub")

    archive = dump(tree, keep=keep)
    assert b"large" not in archive and b"run" not in archive
    assert asked["link"] == "symlink" and asked["sub"] == "directory" and asked["plain"] == "regular"
    assert "sub/run" not in asked


def test_special_files_are_refused_unless_filtered(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d/pipe")
    with pytest.raises(UnsupportedFile, match="pipe"):
        hash_path(tmp_path / "d")
    hash_path(tmp_path / "d", keep=lambda _, kind: kind != "unknown")


def test_dump_bytes_equals_the_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("some text")
    assert dump_bytes(b"some text") == dump(tmp_path / "f")
    (tmp_path / "f").chmod(0o755)
    assert dump_bytes(b"some text", executable=True) == dump(tmp_path / "f")


MAGIC = tokens(b"nix-archive-1")


def directory(*names: bytes) -> bytes:
    """An archive of a directory with empty files of these names."""
    entries = b"".join(
        tokens(b"entry", b"(", b"name", name, b"node", b"(", b"type", b"regular", b")", b")") for name in names
    )
    return MAGIC + tokens(b"(", b"type", b"directory") + entries + tokens(b")")


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"", "ends too early"),
        (tokens(b"other"), "not a Nix archive"),
        (MAGIC + tokens(b"(", b"type", b"device", b")"), "unknown type"),
        (directory(b".."), "bad file name"),
        (directory(b"a/b"), "bad file name"),
        (directory(b""), "bad file name"),
        (directory(b"a\0b"), "bad file name"),
        (directory(b"b", b"a"), "not in order"),
        (directory(b"a", b"a"), "not in order"),
        (MAGIC + (1 << 40).to_bytes(8, "little"), "token of"),
        (MAGIC + tokens(b"(", b"type", b"regular", b"contents") + (99).to_bytes(8, "little") + b"x", "ends too early"),
        (MAGIC[:-1] + b"\1", "padding"),
        (MAGIC + tokens(b"(", b"type", b"symlink", b"target", b"", b")"), "bad target"),
    ],
)
def test_bad_archives_are_refused(archive: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match=message):
        restore(io.BytesIO(archive), tmp_path / "out")


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    archive = MAGIC + tokens(b"(", b"type", b"directory")
    archive += tokens(b"entry", b"(", b"name", b"l", b"node", b"(", b"type", b"symlink", b"target", b"/tmp", b")", b")")
    archive += tokens(b"entry", b"(", b"name", b"l", b"node", b"(", b"type", b"directory", b")", b")", b")")
    with pytest.raises(BadArchive):
        restore(io.BytesIO(archive), tmp_path / "out")
