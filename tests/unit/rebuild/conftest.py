"""The package set over a small archive made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import osconf
from osconf.archive.acquire import Access
from osconf.archive.archive import LockFile
from osconf.archive.mirror import Mirrors
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.values import to_latin
from osconf.lang.world import PureWorld
from osconf.rebuild.primops import ArchiveContext, make_internal_primops, to_python
from tests.unit.archive.repository import write_deb

TREE = Path(osconf.__file__).parent.parent

PACKAGES = """
base-files 13 Essential=yes
bash 5.2-1 Essential=yes
bash-completion 2.16
libz1 1:1.3~rc+1-2 Source=libz
libz-dev 1:1.3~rc+1-2 Source=libz Depends=libz1
lib32z-dev 1:1.3~rc+1-2 Source=libz
nginx 1.26-1 Depends=libz1,nginx-common
nginx-common 1.26-1 Source=nginx
ripgrep 14
fd-find 10
python3 3.13-1 Source=python3-defaults Depends=python3.13-minimal
python3.13-minimal 3.13-2 Source=python3.13
python3-yaml 6
python3-requests 2
libjson-xs-perl 4
linux-image-cloud-amd64 6.12-1 Depends=linux-image-6.12.9-cloud-amd64
linux-image-6.12.9-cloud-amd64 6.12-1
old 1 Depends=libmissing
libstdc++6 14
gcc 14
g++ 14
make 4
patch 2
pkg-config 1
file 5
dpkg-dev 1
libc6-dev 2
bzip2 1
xz-utils 5
zstd 1
unzip 6
"""


class Archive:
    """Evaluates expressions with `pkgs` and `lib` in scope."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.access = Access(Mirrors({}), root / "cache")
        self.lock_path = root / "osconf.lock"
        self.other = f"file://{root}/newer"

    @property
    def sources(self) -> str:
        return f'[ {{ id = "local"; suite = ""; base = "file://{self.root}/debs"; trusted = true; }} ]'

    def evaluate(self, expression: str, *, overlays: str = "[ ]") -> Any:
        """The value as Python data; the lock is saved."""
        context = ArchiveContext(self.access, LockFile(self.lock_path))
        text = (
            f"let pkgs = import <osconf/pkgs> {{ sources = {self.sources}; overlays = {overlays}; }};"
            f" inherit (pkgs) lib; in {expression}"
        )

        def work() -> Any:
            evaluator = Evaluator(
                PureWorld(system="x86_64-linux"),
                internal=make_internal_primops(context),
                search_path=[("osconf", str(TREE))],
            )
            return to_python(evaluator.eval_text(to_latin(text), base_dir=str(self.root)))

        result = run_deep(work)
        context.save()
        return result


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    root = tmp_path_factory.mktemp("archive")
    for line in PACKAGES.split("\n"):
        if line:
            name, version, *fields = line.split()
            write_deb(root / "debs", name, version, **dict(field.split("=") for field in fields))
    write_deb(root / "newer", "ripgrep", "15", Depends="libz1 (>= 1:2)")
    write_deb(root / "newer", "libz1", "1:2", Source="libz")
    return Archive(root)


@pytest.fixture(scope="session")
def evaluate(archive: Archive) -> Callable[..., Any]:
    return archive.evaluate
