"""A machine with a store, a configuration and an archive of its own, all in one directory: no network, no root.

The archive is made of words: whatever the modules and the package set may name is a package, so that whole systems
can be evaluated, though not built.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.functional.shells import copy_shell
from tests.unit.archive.repository import write_suite

ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"\b[a-z0-9][a-z0-9+-]+\b")

HARDWARE = """\
{
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; };
  osconf.archive.sources = [ { suite = "demo"; trusted = true; } ];
  system.stateVersion = "0.1";
}
"""


@dataclass(frozen=True)
class Outcome:
    """How a call of the program ended."""

    code: int
    stdout: str
    stderr: str


def make_stanza(name: str, version: str = "1", **fields: str) -> str:
    """A stanza of a Packages file."""
    lines = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Size": "1",
        "SHA256": "0" * 64,
        "Filename": f"pool/{name}.deb",
        "Description": name,
        **fields,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items()) + "\n"


def write_packages() -> str:
    """The Packages file: every word of the modules, and packages that do not fit."""
    special = {
        "linux-image-amd64": {"Depends": "linux-image-1-amd64"},
        "linux-image-1-amd64": {},
        "web-editor": {"Depends": "web-editor-data"},
        "web-editor-data": {"Depends": "libgone (>= 2)"},
        "mail-one": {"Conflicts": "mail-two"},
        "mail-two": {},
    }
    words = {
        word
        for folder in ("modules", "pkgs")
        for file in (ROOT / folder).rglob("*.nix")
        for word in _WORD.findall(file.read_text("utf-8"))
    }
    plain = "".join(make_stanza(word) for word in sorted(words - special.keys()))
    return plain + "".join(make_stanza(name, **fields) for name, fields in special.items())


class Machine:
    """Runs the real program on what lies in its directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "etc"
        self.folder.mkdir(parents=True)
        self.store = root / "store"
        self.mirror = root / "mirror"
        self.packages = write_packages()
        self.publish(self.mirror, day=1)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "NO_COLOR": "1",
            "OSCONF_STORE": str(self.store),
            "OSCONF_MIRRORS": f"debian=file://{self.mirror}",
        }

    def publish(self, mirror: Path, *, day: int, more: str = "") -> None:
        """Write the suite to a mirror."""
        write_suite(mirror, "demo", self.packages + more, date=f"Mon, {day:02} Sep 2025 00:00:00 UTC")

    def write(self, name: str, text: str) -> Path:
        """Write a file beside the configuration."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line of the program."""
        return [sys.executable, "-m", "osconf.cli", *map(str, arguments)]

    def run(self, *arguments: str | Path, **environment: str) -> Outcome:
        """Call the program; its texts are made independent of where things lie."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(ROOT), **environment},
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, self.normalise(done.stderr))

    def normalise(self, text: str) -> str:
        """The text without places, hashes and offers that differ from run to run."""
        text = re.sub(r"^ +\(--show-trace shows .*\n", "", text, flags=re.MULTILINE)
        text = text.replace(str(self.root), "/machine")
        text = re.sub(rf"{re.escape(str(ROOT))}(/[^\s:]+)(:\d+){{0,2}}", r"/tree\1", text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", text)
        text = re.sub(r"\bkey [0-9A-F]{16}\b", "key KEY", text)
        return re.sub(r"\b\d+ bytes\b", "N bytes", text)

    def manifest(self) -> dict[str, str]:
        """All that must stay when something is refused: store, database, profiles, roots, configuration, lock."""
        found: dict[str, str] = {}
        for place in (self.store, self.folder):
            for path in sorted(place.rglob("*")):
                # The database is compared by its rows; its journal, locks and temporary roots are its own affair.
                if path.is_dir() or "/var/db/" in str(path) or "/var/temproots/" in str(path):
                    found[str(path)] = "directory" if path.is_dir() else ""
                elif path.is_symlink():
                    found[str(path)] = f"-> {path.readlink()}"
                else:
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        found = {name: value for name, value in found.items() if value}
        with closing(sqlite3.connect(self.store / "osconf/var/db/store.sqlite")) as database:
            found["database"] = hashlib.sha256("\n".join(database.iterdump()).encode()).hexdigest()
        return found

    def make_environment(self) -> Path:
        """A folder with a shell, enough for builders."""
        return copy_shell(self.folder / "environment")
