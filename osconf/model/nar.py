"""Nix archives (NAR): the canonical serialisation of a file, link or directory that is hashed and shipped.

Owns writing (`dump_path`), hashing (`hash_path`) and reading (`restore`). Only content, the executable bit and link
targets are kept. Both directions stream; a file is never held in memory whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from osconf.errors import StoreError
from osconf.model.hashes import Hash, new_hasher

NAR_MAGIC = b"nix-archive-1"
_CHUNK = 1 << 20
_FLUSH = 1 << 16
_MAX_TOKEN = 4096
MAX_DEPTH = 300
"""How deep directories may nest: paths below a store path stay within what system calls take."""
_MAX_PATH = 4095

Sink = Callable[[bytes | memoryview], object]
Keep = Callable[[str, str], bool]
"""From a path below the root and its kind (`regular`, `directory`, `symlink`, `unknown`) to whether it is archived."""


class BadArchive(StoreError):
    """An archive is damaged, truncated or malicious."""

    code = "bad-archive"


class UnsupportedFile(StoreError):
    """A file of a kind that the store cannot hold."""

    code = "unsupported-file"


def _token(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data + bytes(-len(data) % 8)


_OPEN, _CLOSE = _token(b"("), _token(b")")
_REGULAR = _OPEN + _token(b"type") + _token(b"regular")
_EXECUTABLE = _token(b"executable") + _token(b"")
_CONTENTS = _token(b"contents")
_SYMLINK = _OPEN + _token(b"type") + _token(b"symlink") + _token(b"target")
_DIRECTORY = _OPEN + _token(b"type") + _token(b"directory")
_ENTRY_NAME = _token(b"entry") + _OPEN + _token(b"name")
_NODE = _token(b"node")


class ArchiveWriter:
    """Gathers the many small tokens of an archive into large writes.

    Who copies a tree while it is archived overrides `enter_directory`, `read_link`, `open_file`, `take_content` and
    `close_file`, which see everything that the archive gets.
    """

    def __init__(self, sink: Sink, keep: Keep | None) -> None:
        self.sink = sink
        self.keep = keep
        self.pending = bytearray()
        self.chunk = bytearray()
        self.depth = 0

    def write_archive(self, path: bytes) -> None:
        """Write the whole archive of a file, link or directory."""
        self.pending += _token(NAR_MAGIC)
        self._write_node(path, "", os.lstat(path))
        self._flush()

    def enter_directory(self, path: bytes) -> None:
        """A directory begins."""

    def read_link(self, path: bytes) -> bytes:
        """The target of a link."""
        return os.readlink(path)  # noqa: PTH115 - bytes paths

    def open_file(self, path: bytes, status: os.stat_result) -> int:
        """A descriptor of a file's content."""
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def take_content(self, data: bytes | memoryview) -> None:
        """A piece of the opened file's content, to be used before this returns."""

    def close_file(self, descriptor: int) -> None:
        """A file is over."""
        os.close(descriptor)

    def _flush(self) -> None:
        if self.pending:
            with memoryview(self.pending) as view:
                self.sink(view)
            self.pending.clear()

    def _write_node(self, path: bytes, relative: str, status: os.stat_result) -> None:
        mode = status.st_mode
        if stat.S_ISREG(mode):
            self._write_file(path, status)
        elif stat.S_ISDIR(mode):
            self._write_directory(path, relative)
        elif stat.S_ISLNK(mode):
            self.pending += _SYMLINK + _token(self.read_link(path)) + _CLOSE
        else:
            raise UnsupportedFile(f"file '{os.fsdecode(path)}' has an unsupported type")

    def _write_directory(self, path: bytes, relative: str) -> None:
        self.depth += 1
        check_depth(path, self.depth)
        self.enter_directory(path)
        self.pending += _DIRECTORY
        with os.scandir(path) as found:
            entries = sorted(found, key=_entry_name)
        below = ""
        for entry in entries:
            if self.keep is not None:
                below = f"{relative}/{os.fsdecode(entry.name)}" if relative else os.fsdecode(entry.name)
                if not self.keep(below, entry_kind(entry)):
                    continue
            self.pending += _ENTRY_NAME + _token(entry.name) + _NODE
            self._write_node(entry.path, below, entry.stat(follow_symlinks=False))
            self.pending += _CLOSE
            if len(self.pending) > _FLUSH:
                self._flush()
        self.pending += _CLOSE
        self.depth -= 1

    def _write_file(self, path: bytes, status: os.stat_result) -> None:
        size = status.st_size
        self.pending += _REGULAR
        if status.st_mode & stat.S_IXUSR:
            self.pending += _EXECUTABLE
        self.pending += _CONTENTS + size.to_bytes(8, "little")
        descriptor = self.open_file(path, status)
        try:
            if size <= _FLUSH:
                data = os.read(descriptor, size + 1) if size else b""
                if len(data) != size:
                    raise _changed(path)
                self.take_content(data)
                self.pending += data
            else:
                self._flush()
                self._copy_file(descriptor, path, size)
        finally:
            self.close_file(descriptor)
        self.pending += bytes(-size % 8)
        self.pending += _CLOSE

    def _copy_file(self, descriptor: int, path: bytes, size: int) -> None:
        if not self.chunk:
            self.chunk = bytearray(_CHUNK)
        view = memoryview(self.chunk)
        left = size
        while left:
            count = os.readv(descriptor, [view[: min(left, _CHUNK)]])
            if not count:
                raise _changed(path)
            self.take_content(view[:count])
            self.sink(view[:count])
            left -= count


def check_depth(path: bytes, depth: int) -> None:
    """Refuse a directory that nests too deep, or whose entries' paths would be too long."""
    if depth > MAX_DEPTH or len(path) > _MAX_PATH - 256:
        raise UnsupportedFile(
            f"directories nest too deep in '{os.fsdecode(path[:60])}…': {depth} levels, {len(path)} bytes of path",
            hint=f"store paths may have {MAX_DEPTH} levels, and {_MAX_PATH} bytes of path",
        )


def _entry_name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def _changed(path: bytes) -> StoreError:
    return StoreError(f"file '{os.fsdecode(path)}' changed while it was read", code="file-changed")


def entry_kind(entry: os.DirEntry[bytes] | os.DirEntry[str]) -> str:
    """The kind of a directory entry, as `builtins.readDir` names it."""
    if entry.is_symlink():
        return "symlink"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    return "regular" if entry.is_file(follow_symlinks=False) else "unknown"


def dump_path(path: str | Path, sink: Sink, keep: Keep | None = None) -> None:
    """Write the archive of a file, link or directory to `sink`.

    The sink must be done with each buffer when it returns. `keep` chooses what below the root is archived.
    """
    ArchiveWriter(sink, keep).write_archive(os.fsencode(path))


def remember(keep: Keep | None) -> Keep | None:
    """The same filter, asked once for each file: hashing and copying both need its answer, and it may be slow."""
    if keep is None:
        return None
    answers: dict[tuple[str, str], bool] = {}

    def ask(path: str, kind: str) -> bool:
        answer = answers.get((path, kind))
        if answer is None:
            answer = answers[path, kind] = keep(path, kind)
        return answer

    return ask


def hash_path(path: str | Path, algorithm: str = "sha256", keep: Keep | None = None) -> tuple[Hash, int]:
    """The hash of the archive of `path` and its size in bytes."""
    hasher = new_hasher(algorithm)
    size = 0

    def count(data: bytes | memoryview) -> None:
        nonlocal size
        size += len(data)
        hasher.update(data)

    dump_path(path, count, keep)
    return Hash(algorithm, hasher.digest()), size


def dump_bytes(data: bytes, *, executable: bool = False) -> bytes:
    """The archive of a plain file with this content."""
    mark = _EXECUTABLE if executable else b""
    return _token(NAR_MAGIC) + _REGULAR + mark + _CONTENTS + _token(data) + _CLOSE


class _Restorer:
    """Reads an archive and creates what it holds."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.depth = 0

    def read(self, size: int) -> bytes:
        data = self.source.read(size)
        while len(data) < size:
            more = self.source.read(size - len(data))
            if not more:
                raise BadArchive("the archive ends too early")
            data += more
        return data

    def length(self) -> int:
        return int.from_bytes(self.read(8), "little")

    def token(self) -> bytes:
        size = self.length()
        if size > _MAX_TOKEN:
            raise BadArchive(f"the archive has a token of {size} bytes")
        data = self.read(size + -size % 8)
        if any(data[size:]):
            raise BadArchive("the archive has padding that is not zero")
        return data[:size]

    def expect(self, expected: bytes) -> None:
        found = self.token()
        if found != expected:
            raise BadArchive(f"the archive has {found!r} where {expected!r} is due")

    def node(self, path: bytes) -> None:
        self.expect(b"(")
        self.expect(b"type")
        kind = self.token()
        if kind == b"regular":
            self.regular(path)
        elif kind == b"symlink":
            self.expect(b"target")
            target = self.token()
            if not target or b"\0" in target:
                raise BadArchive("the archive has a link with a bad target")
            os.symlink(target, path)  # noqa: PTH211 - bytes paths
            self.expect(b")")
        elif kind == b"directory":
            self.directory(path)
        else:
            raise BadArchive(f"the archive has a file of unknown type {kind!r}")

    def regular(self, path: bytes) -> None:
        token = self.token()
        executable = token == b"executable"
        if executable:
            self.expect(b"")
            token = self.token()
        mode = 0o777 if executable else 0o666
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            if token == b"contents":
                self.contents(file)
                token = self.token()
        if token != b")":
            raise BadArchive(f"the archive has {token!r} where b')' is due")

    def contents(self, file: BinaryIO) -> None:
        size = self.length()
        left = size
        while left:
            data = self.source.read(min(left, _CHUNK))
            if not data:
                raise BadArchive("the archive ends too early")
            left -= len(data)
            write_all(file, data)
        if any(self.read(-size % 8)):
            raise BadArchive("the archive has padding that is not zero")

    def directory(self, path: bytes) -> None:
        self.depth += 1
        check_depth(path, self.depth)
        os.mkdir(path)  # noqa: PTH102 - bytes paths: names need not be text
        previous = b""
        while (token := self.token()) == b"entry":
            self.expect(b"(")
            self.expect(b"name")
            name = self.token()
            if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
                raise BadArchive(f"the archive has the bad file name {name!r}")
            if name <= previous:
                raise BadArchive(f"the archive's file names are not in order at {name!r}")
            previous = name
            self.expect(b"node")
            self.node(path + b"/" + name)
            self.expect(b")")
        if token != b")":
            raise BadArchive(f"the archive has {token!r} where b')' is due")
        self.depth -= 1


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write everything to an unbuffered file, which may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def restore(source: BinaryIO, destination: str | Path) -> None:
    """Read one archive from `source` and create `destination`, which must not exist.

    Reads nothing past the archive's end. On `BadArchive` what was created so far is left for the caller to remove.
    """
    reader = _Restorer(source)
    if reader.token() != NAR_MAGIC:
        raise BadArchive("the input is not a Nix archive")
    reader.node(os.fsencode(destination))
