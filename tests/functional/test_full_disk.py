"""A disk without a free byte: the store can be looked at, and its garbage collected."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.functional.many_users import ROOT, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_full_disk_can_be_looked_at_and_cleaned() -> None:
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-m", "tests.functional.full_disk_child"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
