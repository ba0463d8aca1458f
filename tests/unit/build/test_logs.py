"""What is kept of a builder's output."""

from __future__ import annotations

import bz2
from pathlib import Path

from osconf.build.logs import BuildLog


def test_endless_lines_are_cut(tmp_path: Path) -> None:
    lines: list[str] = []
    log = BuildLog(tmp_path / "log.zst", lines.append)
    for _ in range(48):
        log.data(b"x" * 65536)
    log.data(b"end\nnext\n")
    log.close()
    assert len(lines) == 4 and max(map(len, lines)) < 2 << 20
    assert sum(map(len, lines[:3])) == 48 * 65536 + 3 and lines[3] == "next"


def test_output_is_kept_as_it_is(tmp_path: Path) -> None:
    lines: list[str] = []
    log = BuildLog(tmp_path / "log.bz2", lines.append)
    said = b"a\rb\r\n\x1b[31mred\n\xff\xfe\n\nno end"
    for byte in said:
        log.data(bytes([byte]))
    log.close()
    assert bz2.decompress((tmp_path / "log.bz2").read_bytes()) == said
    assert lines == ["b", "\x1b[31mred", "\ufffd\ufffd", "", "no end"]
    assert log.tail_text().endswith("no end")
