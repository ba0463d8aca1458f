"""Signatures, suites and dates of releases."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from osconf.archive.source import Source
from osconf.archive.trust import check_freshness, choose_index_paths, parse_release, read_release
from osconf.errors import ArchiveError

BODY = f"""Suite: stable
Codename: demo
Date: Sat, 06 Sep 2025 09:00:00 UTC
Valid-Until: Sat, 13 Sep 2025 09:00:00 UTC
SHA256:
 {"a" * 64} 10 main/binary-amd64/Packages
 {"b" * 64} 5 main/binary-amd64/Packages.xz
"""

needs_gpg = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")), reason="gpg and gpgv are not installed"
)


class Signer:
    """A key of its own, in its own home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        self.run("--quick-generate-key", "--passphrase", "", "archive@example.org", "ed25519", "sign", "never")
        listing = self.run("--list-keys", "--with-colons").decode()
        self.fingerprint = next(line for line in listing.splitlines() if line.startswith("fpr")).split(":")[9]
        self.keyring = home / "keyring.gpg"
        self.keyring.write_bytes(self.run("--export"))

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", *arguments]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    def sign(self, text: str) -> bytes:
        return self.run("--clear-sign", data=text.encode())

    def source(self, fingerprint: str | None = None) -> Source:
        return Source("demo", "demo", "mirror:debian", fingerprints=(fingerprint or self.fingerprint,))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    # Sockets of gpg-agent allow short paths only.
    return Signer(tmp_path_factory.mktemp("g") / "h")


def trusted_source() -> Source:
    return Source("demo", "demo", "file:///x", trusted=True)


@needs_gpg
def test_a_pinned_signature_is_accepted(signer: Signer) -> None:
    release = read_release(signer.sign(BODY), signer.source(), signer.keyring)
    assert release.fingerprint == signer.fingerprint
    assert release.names == {"stable", "demo"}


@needs_gpg
def test_changed_text_is_tampering(signer: Signer) -> None:
    signed = signer.sign(BODY).replace(b"b" * 64, b"c" * 64)
    with pytest.raises(ArchiveError, match="tampered with") as caught:
        read_release(signed, signer.source(), signer.keyring)
    assert caught.value.code == "bad-signature"


@needs_gpg
def test_text_around_the_signature_is_not_read(signer: Signer) -> None:
    signed = b"Codename: other\nSHA256:\n " + b"d" * 64 + b" 5 x\n\n" + signer.sign(BODY)
    release = read_release(signed, signer.source(), signer.keyring)
    assert "x" not in release.files


@needs_gpg
def test_another_key_of_the_keyring_is_not_enough(signer: Signer) -> None:
    with pytest.raises(ArchiveError, match="not signed by a key that the source pins"):
        read_release(signer.sign(BODY), signer.source("F" * 40), signer.keyring)


@needs_gpg
def test_an_unsigned_release_is_refused(signer: Signer) -> None:
    with pytest.raises(ArchiveError) as caught:
        read_release(BODY.encode(), signer.source(), signer.keyring)
    assert caught.value.code == "untrusted-signature"


def test_the_release_of_another_suite_is_refused() -> None:
    with pytest.raises(ArchiveError, match="that of demo / stable, not of other"):
        read_release(BODY.encode(), Source("o", "other", "file:///x", trusted=True))


def test_the_best_compression_comes_first() -> None:
    release = parse_release(BODY.encode(), trusted_source(), "")
    paths = [path for path, _ in choose_index_paths(release, "main", "amd64")]
    assert paths == ["main/binary-amd64/Packages.xz", "main/binary-amd64/Packages"]


def test_an_expired_release_is_refused() -> None:
    release = parse_release(BODY.encode(), trusted_source(), "")
    check_freshness(release, trusted_source(), datetime(2025, 9, 12, tzinfo=UTC), None)
    with pytest.raises(ArchiveError, match="expired on 2025-09-13 09:00 UTC"):
        check_freshness(release, trusted_source(), datetime(2025, 9, 14, tzinfo=UTC), None)


def test_time_does_not_run_backwards() -> None:
    release = parse_release(BODY.encode(), trusted_source(), "")
    with pytest.raises(ArchiveError, match="older than the one that is locked") as caught:
        check_freshness(release, trusted_source(), datetime(2025, 9, 7, tzinfo=UTC), datetime(2025, 9, 7, tzinfo=UTC))
    assert caught.value.code == "release-rollback"


def test_a_source_without_keys_is_refused() -> None:
    with pytest.raises(ArchiveError, match="names no key"):
        Source("x", "x", "mirror:debian")
