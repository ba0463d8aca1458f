"""A directory of .debs as a source: its Packages file, written from the packages when there is none."""

from __future__ import annotations

import concurrent.futures
import hashlib
from pathlib import Path

from osconf.archive.deb import parse_control, read_control_files
from osconf.errors import ArchiveError

_FIELDS_OF_INDEX = ("Filename", "Size", "SHA256")


def _describe_deb(deb: Path, directory: Path) -> str:
    control = parse_control(read_control_files(deb)["control"])
    with deb.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fields = {key: value.partition("\n")[0] for key, value in control.items() if key not in _FIELDS_OF_INDEX}
    fields |= {"Filename": str(deb.relative_to(directory)), "Size": str(deb.stat().st_size), "SHA256": digest}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def write_packages(directory: Path) -> bytes:
    """The Packages text of a directory: its own `Packages` file, else one made from every .deb below it."""
    if not directory.is_dir():
        raise ArchiveError(f"the package directory {directory} does not exist", code="no-such-source")
    own = directory / "Packages"
    if own.is_file():
        return own.read_bytes()
    debs = sorted(directory.rglob("*.deb"))
    with concurrent.futures.ThreadPoolExecutor() as executor:
        stanzas = list(executor.map(lambda deb: _describe_deb(deb, directory), debs))
    return "\n".join(stanzas).encode()
