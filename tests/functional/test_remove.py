"""Removing osconf is removing two directories: what the documentation says is what is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RECIPE = """derivation {
  name = "made"; system = builtins.currentSystem; builder = "builtin:write"; text = "made";
}"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(home: Path, *arguments: str, code: int = 0) -> None:
    """Run osconf for somebody whose home is empty."""
    done = subprocess.run(
        [sys.executable, "-m", "osconf.cli", "--store", str(home.parent / "osconf-root"), *arguments],
        capture_output=True,
        text=True,
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == code, done.stderr


def remove_as_documented(home: Path) -> None:
    """Run the commands of the page, with the store's root in the place of /osconf."""
    page = (ROOT / "docs/how-to/remove.md").read_text()
    assert "two directories" in page
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        script = block.replace(" /osconf", f" {home.parent}/osconf-root")
        subprocess.run(
            ["sh", "-e", "-c", script], cwd=home, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, check=True
        )


def test_two_directories_and_nothing_is_left(home: Path, tmp_path: Path) -> None:
    run(home, "build", "-E", RECIPE)
    run(home, "store", "add", "/etc/hostname")
    run(home, "eval", "-E", "1 + 1")
    run(home, "build", "-E", RECIPE.replace("made", "fails").replace("builtin:write", "/bin/none"), "-K", code=3)
    run(home, "gc")
    made = {path.name for path in home.iterdir()}
    assert made <= {".cache", "result"}
    assert {path.name for path in (home / ".cache").iterdir()} <= {"osconf"}
    (home / ".osconf-profile").symlink_to(tmp_path / "osconf-root/osconf/var/profiles/per-user/anna/profile")
    (home / ".cache/osconf").mkdir(parents=True, exist_ok=True)
    remove_as_documented(home)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    assert not (tmp_path / "osconf-root").exists()
