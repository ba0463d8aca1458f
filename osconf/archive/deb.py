"""Debian packages as files: read the ar and tar layers, unpack into a normalised tree with a manifest (deb(5)).

A tree is usr-merged (/bin, /sbin and /lib* lie in usr/), has canonical modes, and embeds nothing that depends on who
unpacks it; what the archive's modes and owners said stays in `DEBIAN/manifest.json`, beside the control files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from osconf.archive.compression import DAMAGE, open_decompressed
from osconf.errors import ArchiveError
from osconf.model.nar import MAX_DEPTH

UNPACKER_VERSION = 1
"""Part of every package's store path: raise it when the same .deb unpacks differently."""

_MERGED = frozenset(("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"))
_CHUNK = 1 << 20
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
# What system calls take, in bytes, with room for where the tree lies.
_MAX_PATH, _MAX_NAME = 3800, 255


class _Window(io.RawIOBase):
    """A member of an ar archive as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        self._file.seek(self._start + self._position)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _read_members(file: BinaryIO, label: str) -> dict[str, BinaryIO]:
    """The members of an ar archive by name."""
    if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise ArchiveError(f"{label} is not a Debian package", code="bad-package")
    members: dict[str, BinaryIO] = {}
    offset = len(_AR_MAGIC)
    while True:
        file.seek(offset)
        header = file.read(_AR_HEADER)
        if len(header) < _AR_HEADER:
            return members
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        digits = header[48:58].strip()
        if not digits.isdigit():
            raise ArchiveError(f"{label} is damaged: member ‘{name}’ has no size", code="bad-package")
        size = int(digits)
        window = _Window(file, offset + _AR_HEADER, size)
        members[name] = cast("BinaryIO", io.BufferedReader(window, _CHUNK))
        offset += _AR_HEADER + size + size % 2


def _open_tar(members: dict[str, BinaryIO], kind: str, label: str) -> tarfile.TarFile:
    for name, stream in members.items():
        if name == f"{kind}.tar" or name.startswith(f"{kind}.tar."):
            plain = open_decompressed(stream, label)
            return tarfile.open(fileobj=plain, mode="r|", bufsize=_CHUNK)  # closed by the caller
    raise ArchiveError(f"{label} has no {kind}.tar", code="bad-package")


def read_control_files(path: Path) -> dict[str, bytes]:
    """The control files of a .deb (control, postinst, conffiles, …) by name."""
    with path.open("rb") as file:
        return _read_control(_read_members(file, path.name), path.name)


def _read_control(members: dict[str, BinaryIO], label: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with _open_tar(members, "control", label) as archive:
        for member in archive:
            name = posixpath.normpath(member.name)
            if not member.isfile():
                continue
            if "/" in name or name.startswith("."):
                raise ArchiveError(f"{label} has a control file named ‘{member.name}’", code="bad-package")
            stream = archive.extractfile(member)
            files[name] = stream.read() if stream else b""
    if "control" not in files:
        raise ArchiveError(f"{label} has no control file", code="bad-package")
    return files


def parse_control(data: bytes) -> dict[str, str]:
    """The fields of a control file; continuation lines stay, joined by newlines."""
    fields: dict[str, str] = {}
    key = ""
    for line in data.decode("utf-8", "replace").splitlines():
        if line[:1] in (" ", "\t"):
            if key not in fields:
                raise ArchiveError("a control file begins in the middle of a field", code="bad-package")
            fields[key] += f"\n{line}"
        elif ":" in line:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    return fields


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One path of a package; `mode` is octal text as the archive had it, setuid bits included."""

    path: str
    type: str
    mode: str
    owner: str
    group: str
    size: int = 0
    sha256: str = ""
    target: str = ""

    def to_json(self) -> dict[str, object]:
        record: dict[str, object] = {
            "path": self.path,
            "type": self.type,
            "mode": self.mode,
            "owner": self.owner,
            "group": self.group,
        }
        if self.type == "file":
            record |= {"size": self.size, "sha256": self.sha256}
        elif self.type == "link":
            record["target"] = self.target
        return record


def merge_usr(path: str) -> str:
    """Where a path lies in a usr-merged tree."""
    return f"usr/{path}" if path.partition("/")[0] in _MERGED else path


def _merge_link_target(old: str, new: str, target: str) -> str:
    """The target of a link that the merge moved from `old` to `new`: relative ones that climb are made anew."""
    if old == new or target.startswith("/") or ".." not in target.split("/"):
        return target
    absolute = posixpath.normpath(posixpath.join("/", posixpath.dirname(old), target)).lstrip("/")
    return posixpath.relpath(f"/{merge_usr(absolute)}", f"/{posixpath.dirname(new)}")


@dataclass(slots=True)
class _Unpacker:
    """State of one unpacking: entries by path, so that links and directories cannot be misused."""

    root: Path
    label: str
    entries: dict[str, ManifestEntry] = field(default_factory=dict)
    made: set[str] = field(default_factory=lambda: {""})

    def clean_path(self, name: str) -> str:
        """The merged relative path of a member; "" for what only names the root or the merge itself."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise self.refuse(name, "climbs out of the tree")
        if parts[:1] == ["DEBIAN"]:
            raise self.refuse(name, "lies where the control files go")
        if (
            len(parts) > MAX_DEPTH
            or len(os.fsencode(name)) > _MAX_PATH
            or any(len(os.fsencode(part)) > _MAX_NAME for part in parts)
        ):
            raise self.refuse(f"{name[:60]}…", "nests too deep, or has a name that is too long")
        return "/".join(parts)

    def refuse(self, name: str, why: str) -> ArchiveError:
        return ArchiveError(f"{self.label}: ‘{name}’ {why}", code="bad-package")

    def make_directory(self, path: str) -> None:
        """Make the directory and its parents; a parent that is a link or a file is an attack or a broken package."""
        if path in self.made:
            return
        parent = posixpath.dirname(path)
        self.make_directory(parent)
        known = self.entries.get(path)
        if known is not None and known.type != "dir":
            raise self.refuse(path, f"is a {known.type} and a directory at once")
        (self.root / path).mkdir()
        self.made.add(path)
        self.entries.setdefault(path, ManifestEntry(path, "dir", "0755", "root", "root"))

    def prepare(self, path: str) -> Path:
        """Make room for a file or link; the later of two members of one name wins, as dpkg has it."""
        self.make_directory(posixpath.dirname(path))
        destination = self.root / path
        known = self.entries.get(path)
        if known is not None:
            if known.type == "dir":
                raise self.refuse(path, "is a directory and something else at once")
            destination.unlink()
        return destination

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        old = self.clean_path(member.name)
        if not old or (old in _MERGED and not member.isfile()):  # the root, and the links or directories of the merge
            if member.isdir() and old:
                self.make_directory(merge_usr(old))
            return
        path = merge_usr(old)
        mode = f"{member.mode & 0o7777:04o}"
        owner = member.uname or str(member.uid)
        group = member.gname or str(member.gid)
        if member.isdir():
            self.make_directory(path)
            self.entries[path] = ManifestEntry(path, "dir", mode, owner, group)
        elif member.issym():
            target = _merge_link_target(old, path, member.linkname)
            resolved = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target))
            if resolved == f"/{path}":
                return  # a compatibility link that the merge made point at itself
            self.prepare(path).symlink_to(target)
            self.entries[path] = ManifestEntry(path, "link", "0777", owner, group, target=target)
        elif member.islnk():
            self._add_hard_link(member, path, mode, owner, group)
        elif member.isfile():
            destination = self.prepare(path)
            stream = archive.extractfile(member)
            if stream is None:
                raise self.refuse(member.name, "has no content")
            digest, size = _write_file(destination, cast("BinaryIO", stream), executable=bool(member.mode & 0o111))
            if size != member.size:
                raise self.refuse(member.name, "is cut short")
            self.entries[path] = ManifestEntry(path, "file", mode, owner, group, size, digest)
        else:
            raise self.refuse(member.name, "is neither file, directory nor link")

    def _add_hard_link(self, member: tarfile.TarInfo, path: str, mode: str, owner: str, group: str) -> None:
        target = merge_usr(self.clean_path(member.linkname))
        known = self.entries.get(target)
        if known is None or known.type != "file":
            raise self.refuse(member.name, f"is a hard link to ‘{member.linkname}’, which is no file of the package")
        if target != path:
            os.link(self.root / target, self.prepare(path))
            self.entries[path] = ManifestEntry(path, "file", mode, owner, group, known.size, known.sha256)


def _write_file(destination: Path, stream: BinaryIO, *, executable: bool) -> tuple[str, int]:
    """Write a file with its canonical mode while hashing it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(destination, flags, 0o555 if executable else 0o444)
    digest = hashlib.sha256()
    size = 0
    try:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
            size += len(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest(), size


def _iterate_members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members without keeping them: a package has up to 30 000."""
    while (member := archive.next()) is not None:
        yield member
        archive.members = []  # type: ignore[attr-defined]


def unpack_deb(deb: Path, destination: Path, label: str | None = None) -> dict[str, str]:
    """Unpack a .deb into the new directory `destination`; returns the fields of its control file.

    Raises ArchiveError for what is damaged or unsafe: paths that climb out, files below links, devices.
    """
    label = label or deb.name
    destination.mkdir(parents=True)
    try:
        with deb.open("rb") as file:
            members = _read_members(file, label)
            control_files = _read_control(members, label)
            unpacker = _Unpacker(destination, label)
            with _open_tar(members, "data", label) as archive:
                for member in _iterate_members(archive):
                    unpacker.add(archive, member)
    except (tarfile.TarError, *DAMAGE, OSError, ValueError) as error:
        raise ArchiveError(f"{label} cannot be unpacked: {error}", code="bad-package") from error
    control = parse_control(control_files["control"])
    _write_control(destination / "DEBIAN", control_files, control, unpacker.entries)
    return control


def _write_control(
    directory: Path, files: dict[str, bytes], control: dict[str, str], entries: dict[str, ManifestEntry]
) -> None:
    directory.mkdir()
    scripts = {"preinst", "postinst", "prerm", "postrm", "config"}
    for name, data in sorted(files.items()):
        _write_file(directory / name, io.BytesIO(data), executable=name in scripts)
    manifest = {
        "package": control.get("Package", ""),
        "version": control.get("Version", ""),
        "architecture": control.get("Architecture", ""),
        "source": control.get("Source", "").partition(" ")[0] or control.get("Package", ""),
        "entries": [entries[path].to_json() for path in sorted(entries)],
    }
    text = json.dumps(manifest, separators=(",", ":")) + "\n"
    _write_file(directory / "manifest.json", io.BytesIO(text.encode()), executable=False)
