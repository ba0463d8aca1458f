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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from osconf.errors import OsconfError, StoreError
from osconf.model import nar
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import parse_store_path
from osconf.store.canonical import remove_tree
from osconf.store.claims import keep_provable
from osconf.store.interface import Store
from osconf.store.local import LocalStore

_FORMAT = 1
_MAX_MESSAGE = 64 << 20
# What a member's header may take, long names included.
_MAX_HEADER = 1 << 16


def send_closure(store: Store, paths: Sequence[str], to: BinaryIO, answers: BinaryIO) -> list[str]:
    """Send what the other side lacks of the closure of `paths`; returns those paths."""
    closure = store.closure(paths)
    _write_message(to, {"format": _FORMAT, "storeDir": store.store_dir, "closure": closure})
    missing = set(map(str, _list_in(_read_message(answers), "missing")))
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


Check = Callable[[PathInfo, Path], None]
"""Refuses a path that arrived by raising; its content, with the promised hash, is at the place."""
Keep = Callable[[Sequence[str]], None]


def receive_closure(
    store: LocalStore,
    source: BinaryIO,
    answers: BinaryIO,
    check: Check = lambda _info, _place: None,
    keep: Keep | None = None,
) -> list[str]:
    """The other side of `send_closure`; returns the paths that are new here. The sender is told what is refused.

    `keep` makes paths temporary roots, unless these are too many.
    """
    try:
        return _receive(store, source, answers, check, keep or store.add_temp_roots)
    except OsconfError as error:
        with suppress(OSError):
            _write_message(answers, {"error": error.message, "code": error.code})
        raise


def _receive(store: LocalStore, source: BinaryIO, answers: BinaryIO, check: Check, keep: Keep) -> list[str]:
    request = _read_message(source)
    if request.get("format") != _FORMAT or request.get("storeDir") != store.store_dir:
        raise StoreError(
            f"the sender's store is {request.get('storeDir')} (format {request.get('format')}), this one is "
            f"{store.store_dir} (format {_FORMAT})",
            code="foreign-store",
        )
    closure = [str(path) for path in _list_in(request, "closure")]
    for path in closure:
        parse_store_path(path, store.store_dir)
    keep(closure)
    missing = set(closure) - store.valid_among(closure)
    _write_message(answers, {"missing": [path for path in closure if path in missing]})
    infos = [_info_from_json(entry, store.store_dir) for entry in _list_in(_read_message(source), "infos")]
    if infos:
        for info in infos:
            if info.path not in missing:
                raise StoreError(f"the stream brings '{info.path}', which was not asked for", code="bad-stream")
        _Receiver(store, infos, check).receive(source)
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


class _MeteredReader:
    """Reads from another file; inside `limited` no more than that."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.left: int | None = None

    @contextmanager
    def limited(self, size: int) -> Iterator[None]:
        """Refuse to read more than `size` bytes (and what one reading takes ahead) before the end of this block."""
        self.left = size + tarfile.RECORDSIZE
        yield
        self.left = None

    def read(self, size: int) -> bytes:
        if self.left is not None:
            self.left -= size
            if self.left < 0:
                raise _bad_stream("the stream has a header that is too long")
        return self.source.read(size)


class _Receiver:
    """Unpacks what arrives. Nothing is made through a link: neither one of the stream nor one of the store."""

    def __init__(self, store: LocalStore, infos: Sequence[PathInfo], check: Check) -> None:
        self.store = store
        self.infos = infos
        self.check = check
        self.places = {info.path: store.temporary_path() for info in infos}
        self.installed: set[str] = set()
        # What the stream made so far of the current path, by logical names.
        self.directories: set[str] = set()
        self.files: set[str] = set()

    def receive(self, source: BinaryIO) -> None:
        """Read the stream to its end."""
        # Headers are read into memory whole, however long they say that they are.
        metered = _MeteredReader(source)
        try:
            with metered.limited(_MAX_HEADER):
                archive = tarfile.open(fileobj=metered, mode="r|")  # type: ignore[call-overload]  # noqa: SIM115
            with archive:
                order = iter(self.infos)
                current: PathInfo | None = None
                while True:
                    with metered.limited(_MAX_HEADER):
                        member = archive.next()
                    if member is None:
                        break
                    path = self.store.store_path_of("/" + member.name)
                    if current is None or path != current.path:
                        if current is not None:
                            self._finish(current)
                        current = next(order, None)
                        if current is None or current.path != path:
                            raise _bad_stream(f"the stream has '{path}' where it is not announced")
                    self._extract(archive, member, path)
                if current is not None:
                    self._finish(current)
        except tarfile.TarError as error:
            raise _bad_stream(f"the stream of store paths broke off: {error}") from error
        finally:
            for path, place in self.places.items():
                if path not in self.installed:
                    remove_tree(place)

    def _extract(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        name = "/" + member.name
        inside = name[len(path) :]
        if ".." in inside.split("/") or (inside and name.rpartition("/")[0] not in self.directories):
            raise _bad_stream(f"the stream has a file outside its store path: '{member.name}'")
        place = Path(f"{self.places[path]}{inside}")
        if os.path.lexists(place):
            raise _bad_stream(f"the stream has '{member.name}' twice")
        if member.issym():
            place.symlink_to(member.linkname)
        elif member.isdir():
            place.mkdir(mode=0o755)
            self.directories.add(name)
        elif member.islnk():
            place.hardlink_to(self._linked("/" + member.linkname, path))
            self.files.add(name)
        elif member.isfile() and not member.issparse():
            content = archive.extractfile(member)
            if content is None:
                raise _bad_stream(f"the stream lacks the content of '{member.name}'")
            with place.open("xb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            place.chmod(member.mode & 0o555)
            self.files.add(name)
        else:
            raise _bad_stream(f"the stream has a file of an unknown kind: '{member.name}'")

    def _linked(self, target: str, path: str) -> Path:
        """The plain file that a hard link means: of this path, or of one that is here."""
        owner = self.store.store_path_of(target)
        if owner == path and target in self.files:
            return Path(f"{self.places[path]}{target[len(path) :]}")
        if owner != path and (owner in self.installed or self.store.is_valid(owner)):
            real = self.store.real_path(target)
            own = self.store.real_path(owner)
            steps = [own, *(own.joinpath(*part) for part in _prefixes(real.relative_to(own).parts))]
            if ".." not in target.split("/") and real.is_file() and not any(step.is_symlink() for step in steps):
                return real
        raise _bad_stream(f"the stream links to '{target}', which is not here")

    def _finish(self, info: PathInfo) -> None:
        """Check a path that is complete and give it its name."""
        place = self.places[info.path]
        found, size = nar.hash_path(place)
        if found != info.nar_hash or size != info.nar_size:
            raise StoreError(
                f"'{info.path}' arrived damaged:\n  expected: {info.nar_hash.sri()}\n  got:      {found.sri()}",
                code="hash-mismatch",
            )
        missing = info.references - {info.path} - self.store.valid_among(info.references)
        if missing:
            raise _bad_stream(f"the stream has '{info.path}' before '{min(missing)}', to which it refers")
        self.check(info, place)
        self.store.registrar.install(place, keep_provable(self.store, info, place))
        self.installed.add(info.path)
        self.directories.clear()
        self.files.clear()


def _prefixes(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (parts[: count + 1] for count in range(len(parts)))


def _bad_stream(message: str) -> StoreError:
    return StoreError(message, code="bad-stream")


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


def _info_from_json(entry: Any, store_dir: str) -> PathInfo:
    try:
        path, references = str(entry["path"]), frozenset(map(str, entry["references"]))
        deriver, content_address = (str(entry[key]) if entry.get(key) else None for key in ("deriver", "ca"))
        for each in (path, *references, *([deriver] if deriver else [])):
            parse_store_path(each, store_dir)
        return PathInfo(
            path,
            Hash.parse(str(entry["narHash"])),
            int(entry["narSize"]),
            references,
            deriver=deriver,
            signatures=tuple(map(str, entry.get("signatures") or ())),
            content_address=content_address,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad_stream(
            f"the other side describes a store path in a way that is not known here: {error!r}"
        ) from error


def _list_in(message: Mapping[str, Any], key: str) -> list[Any]:
    found = message.get(key)
    if not isinstance(found, list):
        raise _bad_stream(f"the other side sends a message without the list '{key}'")
    return found


def _write_message(to: BinaryIO, message: Mapping[str, Any]) -> None:
    to.write(json.dumps(message).encode() + b"\n")
    to.flush()


def _read_message(source: BinaryIO) -> dict[str, Any]:
    line = source.readline(_MAX_MESSAGE)
    if len(line) == _MAX_MESSAGE and not line.endswith(b"\n"):
        raise _bad_stream(f"the other side sends a message of more than {_MAX_MESSAGE} bytes")
    if not line.endswith(b"\n"):
        raise StoreError("the other side ended the conversation", code="bad-stream")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad_stream(f"the other side sends a message that is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise _bad_stream("the other side sends a message that is not an object")
    if "error" in message:
        raise StoreError(str(message["error"]), code=str(message.get("code") or StoreError.code))
    return message
