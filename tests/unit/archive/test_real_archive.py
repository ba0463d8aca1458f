"""The real archive, through the download cache: apt's choices, dpkg's files, the numbers of a server."""

from __future__ import annotations

import email.utils
import json
import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from osconf.archive.acquire import Access
from osconf.archive.archive import Archive, LockFile
from osconf.archive.deb import unpack_deb
from osconf.archive.mirror import parse_mirrors, read_machine_mirrors
from osconf.archive.resolver import Root, resolve_closure
from osconf.archive.source import Source
from osconf.archive.version import compare_versions
from osconf.errors import ArchiveError

pytestmark = pytest.mark.archive

KEYS = ("B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8", "04B54C3CDCA79751B16BC6B5225629DF75B188BD")
SECURITY_KEYS = ("05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0", "5E04A1E3223A19A20706E20F9904613D4CCE68C6")
SOURCES = (
    Source("trixie", "trixie", "mirror:debian", fingerprints=KEYS),
    Source("trixie-updates", "trixie-updates", "mirror:debian", fingerprints=KEYS),
    Source("trixie-security", "trixie-security", "mirror:debian-security", fingerprints=SECURITY_KEYS),
)
RECORDED = json.loads((Path(__file__).parent / "apt_closures.json").read_text())
SERVER = [
    *("systemd", "systemd-sysv", "udev", "dbus", "nginx", "openssh-server"),
    *("linux-image-cloud-amd64", "python3", "sudo", "curl", "locales"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    mirrors = read_machine_mirrors().override(parse_mirrors(os.environ.get("OSCONF_MIRRORS", "")))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "osconf"
    lock_file = LockFile(tmp_path_factory.mktemp("lock") / "osconf.lock")
    try:
        return Archive(Access(mirrors, cache), SOURCES, lock_file)
    except ArchiveError as error:
        pytest.skip(f"the archive cannot be reached: {error}")


@pytest.mark.parametrize("roots", RECORDED["closures"])
def test_the_resolver_chooses_what_apt_chooses(archive: Archive, roots: str) -> None:
    date = archive.lock_file.lock.sources["trixie"].date
    if datetime.fromisoformat(date) != email.utils.parsedate_to_datetime(RECORDED["release"]):
        pytest.skip(f"recorded from the release of {RECORDED['release']}; this one is of {date}")
    closure = resolve_closure(archive.universe, [Root(name) for name in roots.split()], essential=False)
    assert closure.names == RECORDED["closures"][roots].split()


def test_a_server_resolves_in_no_time(archive: Archive) -> None:
    roots = [Root(name, "in environment.systemPackages") for name in SERVER]
    start = time.perf_counter()
    names = archive.resolve(roots).names
    assert time.perf_counter() - start < 2
    assert {"libc6", "base-files", "dpkg"} <= set(names)
    assert 120 < len(names) < 260


def test_versions_are_ordered_as_python_debian_does(archive: Archive) -> None:
    from debian.debian_support import NativeVersion

    versions = [package.version for name in archive.universe.names()[::60] if (package := archive.find(name))]
    for left, right in zip(versions, versions[1:] + versions[:1], strict=True):
        one, other = NativeVersion(left), NativeVersion(right)
        assert compare_versions(left, right) == (one > other) - (one < other), (left, right)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not installed")
@pytest.mark.parametrize("name", ["bash", "perl-base", "nginx-common", "base-files", "libc6"])
def test_unpacked_files_are_those_of_dpkg(archive: Archive, tmp_path: Path, name: str) -> None:
    archive.prefetch([name])
    package = archive.find(name)
    assert package is not None
    deb = archive.access.cache.path_of(package.sha256)
    unpack_deb(deb, tmp_path / "ours")
    subprocess.run(["dpkg-deb", "-x", str(deb), str(tmp_path / "theirs")], check=True)
    assert list_files(tmp_path / "ours") == list_files(tmp_path / "theirs")


def list_files(root: Path) -> dict[str, bytes | str]:
    """Path to content or link target; without the control data and the links of the merged /usr."""
    found: dict[str, bytes | str] = {}
    for path in root.rglob("*"):
        relative = str(path.relative_to(root))
        if relative.startswith("DEBIAN") or relative in ("bin", "sbin", "lib", "lib64"):
            continue
        if path.is_symlink():
            found[relative] = str(path.readlink())
        elif path.is_file():
            found[relative] = path.read_bytes()
    return found
