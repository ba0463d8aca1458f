"""A full disk: clear errors, nothing registered that is not there, nothing left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("full_disk_child.py")


@pytest.mark.skipif(None in (shutil.which("unshare"), shutil.which("mount")), reason="needs unshare, mount")
def test_store_stays_sound_on_a_full_disk(tmp_path: Path) -> None:
    command = f"mount -t tmpfs -o size=6M tmpfs {tmp_path} && exec {sys.executable} {CHILD} {tmp_path}"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(path for path in sys.path if path)},
        cwd=Path(__file__).parents[3],
    )
    if "unshare failed" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.returncode == 0, done.stdout + done.stderr
