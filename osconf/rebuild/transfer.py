"""Sending a closure to another machine's store, through a pair of pipes (an ssh connection).

The sender names every path of the closure, the receiver answers which it lacks, and one tar stream brings them: two
messages, however many paths there are. Files that are one inode here (environments are made of hard links to packages)
are sent once and are one inode there, also when the package was there before. Each path is checked against its archive
hash before it is registered.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import parse_store_path
from osconf.store.interface import Store
from osconf.store.local import LocalStore

_FORMAT = 1


def send_closure(store: Store, paths: Sequence[str], to: BinaryIO, answers: BinaryIO) -> list[str]:
    """Send what the other side lacks of the closure of `paths`; returns those paths."""
    closure = store.closure(paths)
    _write_message(to, {"format": _FORMAT, "storeDir": store.store_dir, "closure": closure})
    missing = set(_read_message(answers)["missing"])
    wanted = [path for path in closure if path in missing]
    _write_message(to, {"infos": [_info_to_json(store.query_path_info(path)) for path in wanted]})
    if wanted:
        links = _find_shared_files(store, closure)
        with tarfile.open(fileobj=to, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for path in wanted:
                _send_path(archive, store, path, links)
    to.flush()
    _read_message(answers)
    return wanted


def receive_closure(store: LocalStore, source: BinaryIO, answers: BinaryIO) -> list[str]:
    """The other side of `send_closure`; returns the paths that are new here."""
    request = _read_message(source)
    if request.get("format") != _FORMAT or request.get("storeDir") != store.store_dir:
        raise StoreError(
            f"the sender's store is {request.get('storeDir')} (format {request.get('format')}), this one is "
            f"{store.store_dir} (format {_FORMAT})",
            code="foreign-store",
        )
    closure = [str(path) for path in request["closure"]]
    for path in closure:
        store.add_temp_root(path)
    valid = store.valid_among(closure)
    _write_message(answers, {"missing": [path for path in closure if path not in valid]})
    infos = [_info_from_json(entry) for entry in _read_message(source)["infos"]]
    if infos:
        _receive_paths(store, infos, source)
    store.flush()
    _write_message(answers, {"done": len(infos)})
    return [info.path for info in infos]


def _find_shared_files(store: Store, closure: Iterable[str]) -> dict[tuple[int, int], str]:
    """For each inode that has several names, the one that stands for it: the first in the order of sending."""
    names: dict[tuple[int, int], str] = {}
    for path in closure:
        for _, name, status in _walk(store.real_path(path), path):
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                names.setdefault((status.st_dev, status.st_ino), name)
    return names


def _walk(place: Path, name: str) -> Iterator[tuple[Path, str, os.stat_result]]:
    """Everything at and below a place, parents first, in a fixed order; `name` is its logical path."""
    stack = [(place, name)]
    while stack:
        place, name = stack.pop()
        status = place.lstat()
        yield place, name, status
        if stat.S_ISDIR(status.st_mode):
            children = sorted((entry.name for entry in os.scandir(place)), reverse=True)
            stack.extend((place / child, f"{name}/{child}") for child in children)


def _send_path(archive: tarfile.TarFile, store: Store, path: str, links: Mapping[tuple[int, int], str]) -> None:
    for place, name, status in _walk(store.real_path(path), path):
        member = tarfile.TarInfo(name.lstrip("/"))
        member.mode = status.st_mode & 0o777
        shared = links.get((status.st_dev, status.st_ino), name)
        if stat.S_ISLNK(status.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, str(place.readlink())
            archive.addfile(member)
        elif stat.S_ISDIR(status.st_mode):
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
        elif shared != name:
            member.type, member.linkname = tarfile.LNKTYPE, shared.lstrip("/")
            archive.addfile(member)
        else:
            member.size = status.st_size
            with place.open("rb") as content:
                archive.addfile(member, content)


def _receive_paths(store: LocalStore, infos: Sequence[PathInfo], source: BinaryIO) -> None:
    places = {info.path: store.temporary_path() for info in infos}
    installed: set[str] = set()
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            order = iter(infos)
            current: PathInfo | None = None
            for member in archive:
                path = store.store_path_of("/" + member.name)
                if current is None or path != current.path:
                    if current is not None:
                        _finish(store, current, places[current.path])
                        installed.add(current.path)
                    current = next(order, None)
                    if current is None or current.path != path:
                        raise StoreError(f"the stream has '{path}' where it is not announced", code="bad-stream")
                _extract(store, archive, member, path, places, installed)
            if current is not None:
                _finish(store, current, places[current.path])
                installed.add(current.path)
    except tarfile.TarError as error:
        raise StoreError(f"the stream of store paths broke off: {error}", code="bad-stream") from error
    finally:
        for path, place in places.items():
            if path not in installed and os.path.lexists(place):
                shutil.rmtree(place, ignore_errors=True)


def _extract(
    store: LocalStore,
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    path: str,
    places: Mapping[str, Path],
    installed: set[str],
) -> None:
    inside = ("/" + member.name)[len(path) :]
    if ".." in inside.split("/"):
        raise StoreError(f"the stream has a file outside its store path: '{member.name}'", code="bad-stream")
    place = Path(f"{places[path]}{inside}")
    if member.issym():
        place.symlink_to(member.linkname)
    elif member.isdir():
        place.mkdir(mode=0o755)
    elif member.islnk():
        target = "/" + member.linkname
        owner = store.store_path_of(target)
        if ".." in target.split("/") or not (owner == path or owner in installed or store.is_valid(owner)):
            raise StoreError(f"the stream links to '{target}', which is not here", code="bad-stream")
        place.hardlink_to(f"{places[path]}{target[len(path) :]}" if owner == path else store.real_path(target))
    elif member.isfile():
        content = archive.extractfile(member)
        if content is None:
            raise StoreError(f"the stream lacks the content of '{member.name}'", code="bad-stream")
        with place.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        place.chmod(member.mode & 0o555)
    else:
        raise StoreError(f"the stream has a file of an unknown kind: '{member.name}'", code="bad-stream")


def _finish(store: LocalStore, info: PathInfo, place: Path) -> None:
    """Check a path that is complete and give it its name."""
    found, size = nar.hash_path(place)
    if found != info.nar_hash or size != info.nar_size:
        raise StoreError(
            f"'{info.path}' arrived damaged:\n  expected: {info.nar_hash.sri()}\n  got:      {found.sri()}",
            code="hash-mismatch",
        )
    store.install(place, info)


def _info_to_json(info: PathInfo) -> dict[str, Any]:
    return {
        "path": info.path,
        "narHash": info.nar_hash.sri(),
        "narSize": info.nar_size,
        "references": sorted(info.references),
        "deriver": info.deriver,
        "signatures": list(info.signatures),
        "ca": info.content_address,
    }


def _info_from_json(entry: Mapping[str, Any]) -> PathInfo:
    parse_store_path(str(entry["path"]), str(Path(str(entry["path"])).parent))
    return PathInfo(
        str(entry["path"]),
        Hash.parse(str(entry["narHash"])),
        int(entry["narSize"]),
        frozenset(map(str, entry["references"])),
        deriver=entry.get("deriver"),
        signatures=tuple(entry.get("signatures") or ()),
        content_address=entry.get("ca"),
    )


def _write_message(to: BinaryIO, message: Mapping[str, Any]) -> None:
    to.write(json.dumps(message).encode() + b"\n")
    to.flush()


def _read_message(source: BinaryIO) -> dict[str, Any]:
    line = source.readline()
    if not line.endswith(b"\n"):
        raise StoreError("the other side ended the conversation", code="bad-stream")
    message: dict[str, Any] = json.loads(line)
    if "error" in message:
        raise StoreError(str(message["error"]))
    return message
