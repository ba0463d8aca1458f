"""The settings of units that evaluations know are those of the archive's systemd."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.archive
@pytest.mark.skipif(shutil.which("awk") is None, reason="the tool needs awk")
def test_directives_are_what_systemd_says() -> None:
    command = (ROOT / "tools/systemd-directives", ROOT / ".venv/bin/osconf")
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout == (ROOT / "modules/system/boot/systemd/directives.json").read_text("utf-8")
