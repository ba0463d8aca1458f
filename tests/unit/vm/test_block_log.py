"""The log of a disk's writes: its format, which writes a power cut may lose, and the images that are left."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from osconf.vm.block_log import BadBlockLog, BlockLog, DiskReplay, PowerCut, copy_sparse, plan_power_cuts

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def write_log(file: Path, *entries: tuple[int, bytes, int]) -> BlockLog:
    """A log of (sector, data, flags); a discard's data only say how much, a mark's are its label."""
    text = struct.pack("<QQQI", 0x6A736677736872, 1, len(entries), SECTOR).ljust(SECTOR, b"\0")
    for sector, data, flags in entries:
        is_mark = bool(flags & MARK)
        sectors = 0 if is_mark else len(data) // SECTOR
        head = struct.pack("<QQQQ", sector, sectors, flags, len(data) if is_mark else 0) + (data if is_mark else b"")
        text += head.ljust(SECTOR, b"\0") + (b"" if flags & (DISCARD | MARK) else data)
    file.write_bytes(text)
    return BlockLog.read(file)


def block(letter: str, sectors: int = 1) -> bytes:
    return letter.encode() * SECTOR * sectors


@pytest.fixture
def log(tmp_path: Path) -> BlockLog:
    return write_log(
        tmp_path / "log",
        (0, block("a"), 0),
        (1, block("b", 2), 0),
        (0, b"", FLUSH),
        (0, block("c"), 0),
        (3, block("d"), FUA),
        (0, b"begun", MARK),
        (1, block("e", 2), 0),
        (0, b"", FLUSH),
        (0, block("f"), 0),
    )


def image_after(log: BlockLog, tmp_path: Path, *cuts: PowerCut) -> str:
    """The first letter of each sector of the last of these power cuts' images."""
    base = tmp_path / "base"
    base.write_bytes(b"-" * SECTOR * 4)
    replay = DiskReplay(log, base)
    for cut in cuts:
        replay.write_image(cut, tmp_path / "image")
    return "".join(chr(letter) for letter in (tmp_path / "image").read_bytes()[::SECTOR])


def test_the_log_is_read_as_it_was_written(log: BlockLog) -> None:
    assert [request.offset // SECTOR for request in log.requests] == [0, 1, 0, 0, 3, 0, 1, 0, 0]
    assert [request.size // SECTOR for request in log.requests] == [1, 2, 0, 1, 1, 0, 2, 0, 1]
    assert log.flushes == [2, 7]
    assert log.requests[5].mark == "begun"
    assert log.boundaries() == [0, 3, 8]
    size = log.requests[3].log_end
    assert (log.count_at(size - 1), log.count_at(size), log.count_at(0)) == (3, 4, 0)


def test_what_was_flushed_is_there_and_nothing_else(log: BlockLog, tmp_path: Path) -> None:
    expected = ["----", "----", "----", "abb-", "abb-", "abbd", "abbd", "abbd", "ceed", "ceed"]
    cuts = [PowerCut(at) for at in range(10)]
    assert [image_after(log, tmp_path, cut) for cut in cuts] == expected
    # The same when one replay makes them one after the other.
    assert [image_after(log, tmp_path, *cuts[: at + 1]) for at in range(10)] == expected


def test_unsafe_writes_survive_as_the_cut_says(log: BlockLog, tmp_path: Path) -> None:
    assert log.unsafe_writes(7) == [3, 6]
    assert image_after(log, tmp_path, PowerCut(7, (6,))) == "aeed"
    assert image_after(log, tmp_path, PowerCut(7, (6,), torn=1)) == "aebd"
    # A survivor of one cut is not in the next one's image.
    assert image_after(log, tmp_path, PowerCut(2, (1,)), PowerCut(3), PowerCut(7, (3,))) == "cbbd"


def test_a_flush_does_not_make_its_own_data_safe(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", (0, block("a"), 0), (1, block("b"), FLUSH), (2, block("c"), FLUSH | FUA))
    assert [log.unsafe_writes(at) for at in range(4)] == [[], [0], [1], []]
    assert image_after(log, tmp_path, PowerCut(2)) == "a---"
    assert image_after(log, tmp_path, PowerCut(3)) == "abc-"


def test_a_discard_takes_its_place(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", (0, block("a", 4), 0), (1, block("x", 2), DISCARD), (0, b"", FLUSH))
    assert image_after(log, tmp_path, PowerCut(3)) == "a\0\0a"


def test_cuts_take_every_boundary_and_are_repeatable(log: BlockLog) -> None:
    cuts = plan_power_cuts(log, 40, seed=1)
    assert len(cuts) == 40 and cuts == plan_power_cuts(log, 40, seed=1)
    assert {0, 3, 8} <= {cut.at for cut in cuts if not cut.survivors}
    assert [cut.at for cut in cuts] == sorted(cut.at for cut in cuts)
    for cut in cuts:
        assert set(cut.survivors) <= set(log.unsafe_writes(cut.at))
    assert any(cut.torn is not None for cut in cuts)
    assert [cut.at for cut in plan_power_cuts(log, 2)][:2] == [0, 3]
    assert min(cut.at for cut in plan_power_cuts(log, 20, start=4)) > 4


def test_what_is_no_log_is_refused(tmp_path: Path, log: BlockLog) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(BadBlockLog, match="too short"):
        BlockLog.read(empty)
    other = tmp_path / "other"
    other.write_bytes(b"x" * 4096)
    with pytest.raises(BadBlockLog, match="not a log"):
        BlockLog.read(other)
    other.write_bytes(log.file.read_bytes()[: SECTOR * 5])
    with pytest.raises(BadBlockLog, match="ends in request"):
        BlockLog.read(other)
    data = bytearray(log.file.read_bytes())
    data[SECTOR + 16] = 64
    other.write_bytes(data)
    with pytest.raises(BadBlockLog, match="unknown flags"):
        BlockLog.read(other)


def test_copies_keep_holes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(32 << 20)
        file.write(b"here")
    copy_sparse(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert (tmp_path / "copy").stat().st_blocks * 512 < 1 << 20
