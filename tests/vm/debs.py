"""Rebuilt packages: a .deb of the archive under a higher version, served from a folder as one more source."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from osconf.host.process import run_program
from osconf.vm.pytest_plugin import download_cache

SOURCES = """
  osconf.archive.sources = [
    {{ suite = "trixie"; }}
    {{ suite = "trixie-updates"; }}
    {{ suite = "trixie-security"; }}
    {{ directory = "{directory}"; }}
  ];
"""


def rebuild_packages(names: Sequence[str], lock: Path, folder: Path, *, changes: str) -> str:
    """Repack packages that belong together under one higher version; gives the option that adds them as a source.

    Files that match `changes` get other bytes at their end, as rebuilt ones have: nobody reads there.
    """
    groups = json.loads(lock.read_text())["packages"].values()
    served = folder / "served"
    served.mkdir(parents=True)
    for name in names:
        record = next(group[name] for group in groups if name in group)
        deb = download_cache() / "blobs" / record["sha256"][:2] / record["sha256"]
        tree = folder / name
        run_program(["dpkg-deb", "-R", str(deb), str(tree)])
        control = tree / "DEBIAN/control"
        text = control.read_text().replace(f"Version: {record['version']}\n", f"Version: {record['version']}+local1\n")
        # Packages of one source ask for each other's exact version.
        control.write_text(re.sub(rf"\(= {re.escape(record['version'])}\)", f"(= {record['version']}+local1)", text))
        for file in tree.glob(changes):
            if file.is_file() and not file.is_symlink():
                file.write_bytes(file.read_bytes() + b"rebuilt")
        run_program(["dpkg-deb", "-b", "-Znone", str(tree), str(served / f"{name}_local.deb")])
    return SOURCES.format(directory=served)
