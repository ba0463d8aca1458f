"""What a machine wrote to a disk, request by request, and the disk as a power cut at any moment would have left it.

Owns the format that QEMU's `blklogwrites` driver shares with the kernel's dm-log-writes, the choice of power cuts, and
the replay. A disk keeps what it had written when it last acknowledged a flush; of later writes it may have kept none,
some in any order, or a part of one. `machine` records, tests judge what is in the image.
"""

from __future__ import annotations

import os
import random
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_CHUNK = 1 << 20


class BadBlockLog(ValueError):
    """The file is not a log of block writes."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something the guest asked of its disk, listed when the disk had done it. Places and sizes are in bytes."""

    offset: int = 0
    size: int = 0
    data_at: int = 0  # in the log
    log_end: int = 0  # how long the log was when this was in it
    is_flush: bool = False
    is_fua: bool = False
    is_discard: bool = False
    mark: str = ""


@dataclass(frozen=True)
class BlockLog:
    """A recording in the order in which the disk finished the requests."""

    file: Path
    sector_size: int
    requests: tuple[Request, ...]

    @classmethod
    def read(cls, file: Path) -> BlockLog:
        """Read the list of requests; the data stay in the file. Raises `BadBlockLog`."""
        with file.open("rb") as log:
            head = log.read(_SUPER.size)
            if len(head) < _SUPER.size:
                raise BadBlockLog(f"'{file}' is too short for a log of block writes")
            magic, version, count, sector_size = _SUPER.unpack(head)
            if magic != _MAGIC or version != 1 or sector_size < _ENTRY.size:
                raise BadBlockLog(f"'{file}' is not a log of block writes (magic {magic:#x}, version {version})")
            requests = []
            at = sector_size
            for number in range(count):
                log.seek(at)
                head = log.read(sector_size)
                if len(head) < _ENTRY.size:
                    raise BadBlockLog(f"'{file}' ends in request {number} of {count}")
                sector, sectors, flags, data_size = _ENTRY.unpack_from(head)
                if flags & ~(_FLUSH | _FUA | _DISCARD | _MARK):
                    raise BadBlockLog(f"'{file}' has the unknown flags {flags:#x} in request {number}")
                data_at = at + sector_size
                at = data_at if flags & _DISCARD else data_at + sectors * sector_size
                label = head[_ENTRY.size : _ENTRY.size + data_size] if flags & _MARK else b""
                requests.append(
                    Request(
                        offset=sector * sector_size,
                        size=sectors * sector_size,
                        data_at=data_at,
                        log_end=at,
                        is_flush=bool(flags & _FLUSH),
                        is_fua=bool(flags & _FUA),
                        is_discard=bool(flags & _DISCARD),
                        mark=label.rstrip(b"\0").decode(errors="replace"),
                    )
                )
        return cls(file, sector_size, tuple(requests))

    def count_at(self, log_size: int) -> int:
        """How many requests were complete when the log's file had this size."""
        return bisect_right(self.requests, log_size, key=lambda request: request.log_end)

    @cached_property
    def flushes(self) -> list[int]:
        """The numbers of the requests that are flushes."""
        return [number for number, request in enumerate(self.requests) if request.is_flush]

    def boundaries(self) -> list[int]:
        """After how many requests a flush had just made something safe; 0 is one."""
        found, start = [0], 0
        for flush in self.flushes:
            if any(request.size for request in self.requests[start : flush + 1]):
                found.append(flush + 1)
            start = flush + 1
        return found

    def unsafe_writes(self, at: int) -> list[int]:
        """The numbers of the writes that a power cut after `at` requests may lose.

        A flush that carries data comes before them: it does not make its own data safe.
        """
        before = bisect_left(self.flushes, at)
        start = self.flushes[before - 1] if before else 0
        return [
            number for number in range(start, at) if self.requests[number].size and not self.requests[number].is_fua
        ]


@dataclass(frozen=True, slots=True)
class PowerCut:
    """One way in which the power may go.

    `at` requests were done; what a flush or FUA had made safe is there. Of the others those numbered in `survivors`
    reached the medium too, the last of them with only `torn` of its sectors when that is given.
    """

    at: int
    survivors: tuple[int, ...] = ()
    torn: int | None = None


def plan_power_cuts(log: BlockLog, count: int, *, start: int = 0, seed: int = 0) -> list[PowerCut]:
    """`count` power cuts, in order: every flush boundary (or two thirds, an even choice), the rest between at random.

    Of those between, a third loses all that was not safe, a third keeps a random part, a third tears its last write.
    None comes before `start` requests are done.
    """
    boundaries = [at for at in log.boundaries() if at >= start]
    most = count - count // 3
    if len(boundaries) > most:
        boundaries = [boundaries[number * len(boundaries) // most] for number in range(most)]
    cuts = [PowerCut(at) for at in boundaries]
    chance = random.Random(seed)
    places = [
        number + 1
        for number, request in enumerate(log.requests)
        if number >= start and request.size and not request.is_fua
    ]
    while places and len(cuts) < count:
        at = chance.choice(places)
        kind = chance.randrange(3)
        lost = log.unsafe_writes(at)
        survivors = tuple(number for number in lost if chance.random() < 0.5) if kind else ()
        torn = None
        if kind == 2 and survivors:
            survivors = tuple(chance.sample(survivors, len(survivors)))
            torn = chance.randrange(log.requests[survivors[-1]].size // log.sector_size)
        cuts.append(PowerCut(at, survivors, torn))
    return sorted(cuts, key=lambda cut: cut.at)


class DiskReplay:
    """Makes the images of power cuts from the image that the recording began with. Cuts come in order.

    `image` is changed as the replay goes on. Where a copy of it is too large, `advance` and `add_survivors` do the same
    in two steps: the image without what was not safe, then what survived, on a layer over it.
    """

    def __init__(self, log: BlockLog, image: Path) -> None:
        self.log = log
        self.image = image
        self._safe = 0
        self._applied: set[int] = set()

    def write_image(self, cut: PowerCut, target: Path) -> None:
        """Write the disk as this power cut leaves it."""
        self.advance(cut)
        copy_sparse(self.image, target)
        self.add_survivors(cut, target)

    def advance(self, cut: PowerCut) -> None:
        """Bring `image` to what was safe before this power cut."""
        lost = self.log.unsafe_writes(cut.at)
        left_out = self._applied.union(lost)
        wanted = [number for number in range(self._safe, cut.at) if number not in left_out]
        with self.image.open("r+b") as disk:
            self._apply(disk.fileno(), wanted)
        self._applied.update(wanted)
        # What stays unsafe is among the requests from the first lost one on.
        self._safe = min(lost, default=cut.at)
        self._applied = {number for number in self._applied if number >= self._safe}

    def add_survivors(self, cut: PowerCut, target: Path) -> None:
        """Write to `target`, which has what was safe, what else reached the medium."""
        whole = cut.survivors if cut.torn is None else cut.survivors[:-1]
        with target.open("r+b") as disk:
            self._apply(disk.fileno(), whole)
            if cut.torn is not None:
                self._apply(disk.fileno(), cut.survivors[-1:], cut.torn * self.log.sector_size)

    def _apply(self, disk: int, numbers: Iterable[int], limit: int | None = None) -> None:
        with self.log.file.open("rb") as log:
            for number in numbers:
                request = self.log.requests[number]
                size = request.size if limit is None else min(limit, request.size)
                if request.is_discard:
                    _write_at(disk, bytes(size), request.offset)
                    continue
                log.seek(request.data_at)
                _write_at(disk, log.read(size), request.offset)


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file without filling its holes; `target` is replaced."""
    with suppress(FileNotFoundError):
        target.unlink()
    with source.open("rb") as old, target.open("wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        at = 0
        while at < size:
            try:
                start = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            for place in range(start, end, _CHUNK):
                _write_at(new.fileno(), os.pread(old.fileno(), min(_CHUNK, end - place), place), place)
            at = end
