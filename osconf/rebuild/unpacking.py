"""Archives that were fetched, unpacked to a folder and to nowhere else: tar however it is packed, and zip."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import EvalError

_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A tree, and when its newest member was changed."""

    path: Path
    last_modified: int


def unpack_tree(archive: Path, target: Path, label: str) -> Unpacked:
    """Unpack; a single directory at the top is the tree itself, as in release archives."""
    try:
        newest = _unpack_zip(archive, target) if zipfile.is_zipfile(archive) else _unpack_tar(archive, target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise EvalError(f"cannot unpack {label}: {error}", code="bad-tarball") from error
    entries = list(target.iterdir())
    return Unpacked(entries[0] if len(entries) == 1 and entries[0].is_dir() else target, newest)


def extract_below(archive: tarfile.TarFile, target: Path) -> int:
    """Unpack, but nothing to places outside `target`; when the newest member was changed.

    Does what `extractall(filter="tar")` does, which the Python of Debian 12 has not.
    """
    times = [0]
    archive.extraction_filter = lambda member, _: member
    archive.extractall(target, members=_check_members(archive, target, times))
    return max(times)


def _unpack_tar(archive: Path, target: Path) -> int:
    from osconf.archive.compression import open_decompressed

    if archive.open("rb").read(len(_ZSTD)) == _ZSTD:
        # Python's tarfile does not read it.
        packed, archive = archive, archive.with_name(f"{archive.name}.tar")
        with packed.open("rb") as stream, archive.open("wb") as plain:
            shutil.copyfileobj(open_decompressed(stream, str(packed)), plain)
    with tarfile.open(archive) as members:
        return extract_below(members, target)


def _check_members(archive: tarfile.TarFile, target: Path, times: list[int]) -> Iterator[tarfile.TarInfo]:
    # Each member is looked at when those before it are there: one may be a link that leads out.
    root = target.resolve()
    for member in archive:
        times.append(int(member.mtime))
        member.name = member.name.lstrip("/")
        for name in (member.name, *([member.linkname] if member.islnk() else [])):
            if not (root / name).resolve().is_relative_to(root):
                raise tarfile.ExtractError(f"{name!r} leads out of the archive")
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            raise tarfile.ExtractError(f"{member.name!r} is a device")
        member.mode &= 0o755
        yield member


def _unpack_zip(archive: Path, target: Path) -> int:
    times = [0]
    root = target.resolve()
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            times.append(timegm((*member.date_time, 0, 0, 0)))
            place = root / member.filename.lstrip("/")
            if not place.resolve().is_relative_to(root):
                raise zipfile.BadZipFile(f"{member.filename!r} leads out of the archive")
            mode = member.external_attr >> 16
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(mode):
                place.symlink_to(os.fsdecode(members.read(member)))
            else:
                with members.open(member) as source, place.open("wb") as file:
                    shutil.copyfileobj(source, file)
                place.chmod(0o755 if mode & 0o100 else 0o644)
    return max(times)
