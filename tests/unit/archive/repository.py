"""Small archives for tests: .debs and Packages files made on the spot, served from a directory."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from osconf.archive.package import Package
from osconf.archive.universe import MemoryIndex, Universe


def pack_tar(members: Sequence[tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar archive of the members, each with its content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for item in members:
            info, data = item if isinstance(item, tuple) else (item, b"")
            info.size = len(data) if info.isfile() else 0
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def make_member(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, target: str = "") -> tarfile.TarInfo:
    """A tar member that belongs to root."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.uname, info.gname = kind, mode, target, "root", "root"
    return info


def make_file(name: str, data: bytes = b"x", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """A regular file."""
    return make_member(name, mode=mode), data


def make_link(name: str, target: str) -> tarfile.TarInfo:
    """A symbolic link."""
    return make_member(name, tarfile.SYMTYPE, 0o777, target)


def make_directory(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    """A directory."""
    return make_member(name, tarfile.DIRTYPE, mode)


def compress(data: bytes, form: str) -> bytes:
    """The data as `.xz`, `.gz`, `.zst` or plain (an empty form)."""
    if form == ".xz":
        return lzma.compress(data)
    if form == ".gz":
        return gzip.compress(data, mtime=0)
    if form == ".zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(data)
    return data


def pack_ar(members: Mapping[str, bytes]) -> bytes:
    """An ar archive as dpkg-deb writes it."""
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
        parts.append(data + b"\n" * (len(data) % 2))
    return b"".join(parts)


def make_deb(
    control: str,
    members: Sequence[tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]] = (),
    *,
    form: str = ".xz",
    scripts: Mapping[str, bytes] | None = None,
) -> bytes:
    """A .deb with the control text and the data members."""
    control_files = [make_file("./control", control.encode())]
    control_files += [make_file(f"./{name}", data, 0o755) for name, data in (scripts or {}).items()]
    return pack_ar(
        {
            "debian-binary": b"2.0\n",
            f"control.tar{form}": compress(pack_tar(control_files), form),
            f"data.tar{form}": compress(pack_tar(members), form),
        }
    )


def write_deb(directory: Path, name: str, version: str, **fields: str) -> Path:
    """A .deb with one file, in a directory."""
    lines = {"Package": name, "Version": version, "Architecture": "amd64", "Description": f"the {name}"} | {
        key.replace("_", "-"): value for key, value in fields.items()
    }
    control = "".join(f"{key}: {value}\n" for key, value in lines.items())
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}_{version.replace(':', '%3a')}_amd64.deb"
    path.write_bytes(make_deb(control, [make_file(f"./usr/bin/{name}", version.encode(), 0o755)]))
    return path


def write_suite(base: Path, suite: str, packages: str, *, date: str, extra: str = "") -> None:
    """A signed-looking suite with one component, without a signature: for `trusted` sources."""
    data = lzma.compress(packages.encode())
    digest = hashlib.sha256(data).hexdigest()
    directory = base / "dists" / suite
    by_hash = directory / "main/binary-amd64/by-hash/SHA256"
    by_hash.mkdir(parents=True, exist_ok=True)
    (by_hash / digest).write_bytes(data)
    (directory / "InRelease").write_text(
        f"Suite: stable\nCodename: {suite}\nDate: {date}\n{extra}SHA256:\n"
        f" {digest} {len(data)} main/binary-amd64/Packages.xz\n"
    )


def make_universe(*packages: Package) -> Universe:
    """A universe of the given packages."""
    return Universe([MemoryIndex(packages)], "amd64")


def package(name: str, version: str = "1", **fields: object) -> Package:
    """A package record."""
    return Package(name=name, version=version, architecture="amd64", **fields)  # type: ignore[arg-type]
