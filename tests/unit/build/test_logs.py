"""What is kept of a builder's output."""

from __future__ import annotations

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
