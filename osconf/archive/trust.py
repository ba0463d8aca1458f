"""What is genuine: a signature by a pinned key, and what the signed release says of its files.

Only the text that the signature covers is parsed. Debian signs with several keys; one pinned key that signed validly
is enough, and a bad signature by any is an alarm.
"""

from __future__ import annotations

import email.utils
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from osconf.archive.source import Source
from osconf.errors import ArchiveError
from osconf.host.process import run_program

DEFAULT_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file that a release vouches for."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Release:
    """The verified content of an InRelease file."""

    names: frozenset[str]
    """Its suite and codename, either of which a source may ask for."""
    date: datetime
    valid_until: datetime | None
    files: Mapping[str, ReleaseFile]
    fingerprint: str


def verify_signature(data: bytes, source: Source, keyring: Path = DEFAULT_KEYRING) -> tuple[bytes, str]:
    """Return (the signed text, the pinned fingerprint that signed it); raises ArchiveError otherwise."""
    if not keyring.exists():
        raise ArchiveError(
            f"the keyring {keyring} does not exist", code="no-keyring", hint="install debian-archive-keyring"
        )
    arguments = ["gpgv", "--keyring", str(keyring), "--status-fd", "2", "--output", "-", "-"]
    result = run_program(arguments, input=data, check=False)
    primaries: list[str] = []
    for line in result.stderr.decode("utf-8", "replace").splitlines():
        words = line.split()
        if words[:2] == ["[GNUPG:]", "VALIDSIG"]:
            primaries.append(words[-1])
        elif words[:2] == ["[GNUPG:]", "BADSIG"]:
            raise ArchiveError(
                f"the release file of ‘{source.id}’ was tampered with: key {words[2]} signed other content",
                code="bad-signature",
                hint="try another mirror; nothing of this one was used",
            )
    for fingerprint in primaries:
        if fingerprint in source.fingerprints:
            return result.stdout, fingerprint
    signers = ", ".join(primaries) or "nobody that the keyring knows"
    raise ArchiveError(
        f"the release file of ‘{source.id}’ is not signed by a key that the source pins (signed by {signers})",
        code="untrusted-signature",
        hint=f"pinned: {', '.join(source.fingerprints) or 'none'}",
    )


def _parse_date(text: str, field: str, source: Source) -> datetime:
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError as error:
        raise ArchiveError(
            f"the release of ‘{source.id}’ has a malformed {field}: {text}", code="bad-release"
        ) from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def parse_release(body: bytes, source: Source, fingerprint: str) -> Release:
    """Read the verified text of a release."""
    fields: dict[str, str] = {}
    files: dict[str, ReleaseFile] = {}
    key = ""
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith(" "):
            if key == "SHA256":
                digest, size, path = line.split()
                files[path] = ReleaseFile(digest.lower(), int(size))
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    if "Date" not in fields or not files:
        raise ArchiveError(f"the release of ‘{source.id}’ has no Date or no SHA256 list", code="bad-release")
    valid_until = fields.get("Valid-Until")
    return Release(
        names=frozenset(filter(None, (fields.get("Suite", ""), fields.get("Codename", "")))),
        date=_parse_date(fields["Date"], "Date", source),
        valid_until=_parse_date(valid_until, "Valid-Until", source) if valid_until else None,
        files=files,
        fingerprint=fingerprint,
    )


def read_release(data: bytes, source: Source, keyring: Path = DEFAULT_KEYRING) -> Release:
    """Verify an InRelease file (unless the source is `trusted`), read it, and check that it is the suite asked for."""
    body, fingerprint = (data, "") if source.trusted else verify_signature(data, source, keyring)
    release = parse_release(body, source, fingerprint)
    if source.suite.rstrip("/") not in release.names:
        raise ArchiveError(
            f"the release for ‘{source.id}’ is that of {' / '.join(sorted(release.names)) or 'no suite'}, "
            f"not of {source.suite}",
            code="wrong-suite",
            hint="a mirror that serves another suite's signed file is broken or hostile",
        )
    return release


def check_freshness(release: Release, source: Source, now: datetime, previous_date: datetime | None) -> None:
    """Refuse a release that has expired or that is older than the one in the lock."""
    if release.valid_until is not None and release.valid_until < now:
        raise ArchiveError(
            f"the release of ‘{source.id}’ expired on {release.valid_until:%Y-%m-%d %H:%M} UTC",
            code="expired-release",
            hint="the mirror is stale, or this machine's clock is wrong",
        )
    if previous_date is not None and release.date < previous_date:
        raise ArchiveError(
            f"the release of ‘{source.id}’ of {release.date:%Y-%m-%d %H:%M} UTC is older than the one that is locked "
            f"({previous_date:%Y-%m-%d %H:%M} UTC)",
            code="release-rollback",
            hint="the mirror lags behind or holds updates back; try again later or use another",
        )


def choose_index_paths(release: Release, component: str, architecture: str) -> Iterable[tuple[str, ReleaseFile]]:
    """The forms of a component's Packages file that the release lists, best first (path relative to the suite)."""
    for suffix in (".xz", ".gz", ""):
        path = f"{component}/binary-{architecture}/Packages{suffix}"
        if path in release.files:
            yield path, release.files[path]
