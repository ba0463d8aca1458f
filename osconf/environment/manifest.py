"""Package manifests: what an unpacked package holds, read without touching its files.

`builtin:deb` writes `DEBIAN/manifest.json` beside the files; here it becomes frozen values.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from osconf.archive.deb import parse_control
from osconf.errors import BuildError
from osconf.store.follow import find_plain_file

SETUID_OR_SETGID = 0o6000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.:~_-]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a package: `kind` is file, link or dir; `mode` is the archive's own, setuid bits included."""

    path: str
    kind: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    digest: str = ""
    target: str = ""

    @property
    def is_privileged(self) -> bool:
        return self.kind == "file" and bool(self.mode & SETUID_OR_SETGID)


@dataclass(frozen=True)
class Package:
    """An unpacked package: `contents` is its store path, `root` where that lies on this machine."""

    name: str
    version: str
    architecture: str
    contents: str
    root: Path
    digest: str
    entries: tuple[Entry, ...]

    def find_file(self, path: str) -> Path | None:
        """A plain file of the package, which is behind no link: its tree may be made by a stranger."""
        return find_plain_file(self.root, path)

    def read_control_file(self, name: str) -> str:
        """The text of a member of control.tar, for instance `postinst`; empty where the package has none."""
        file = self.find_file(f"DEBIAN/{name}")
        return "" if file is None else file.read_text(encoding="utf-8", errors="replace")

    @cached_property
    def control(self) -> dict[str, str]:
        """The fields of the control file; continuation lines keep their newlines."""
        return parse_control(self.read_control_file("control").encode())

    @cached_property
    def replaces(self) -> frozenset[str]:
        """Names of the packages whose files this one may take over."""
        return frozenset(re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", self.control.get("Replaces", "")))

    @property
    def is_essential(self) -> bool:
        return self.control.get("Essential") == "yes"


def read_package(name: str, contents: str, root: Path) -> Package:
    """Read the manifest of the package unpacked at `root`, which is the store path `contents`."""
    manifest = find_plain_file(root, "DEBIAN/manifest.json")
    if manifest is None:
        raise BuildError(
            f"the package {name} has no manifest at {contents}/DEBIAN/manifest.json",
            code="package-without-manifest",
            hint="only packages of the archive go into `packages`; put built ones into `extraTrees`",
        )
    data = manifest.read_bytes()
    document = json.loads(data)
    for word in (name, document.get("package", name), document.get("architecture", "all")):
        # They become names of files.
        if not _NAME.fullmatch(word):
            raise BuildError(f"the package {name} calls itself {word!r} in its manifest", code="bad-package")
    entries = tuple(
        Entry(
            path=raw["path"],
            kind=raw["type"],
            mode=int(raw.get("mode", "644"), 8),
            owner=raw.get("owner", "root"),
            group=raw.get("group", "root"),
            digest=raw.get("sha256") or "",
            target=raw.get("target") or "",
        )
        for raw in document["entries"]
    )
    return Package(
        name=document.get("package", name),
        version=document.get("version", ""),
        architecture=document.get("architecture", "all"),
        contents=contents,
        root=root,
        digest=hashlib.sha256(data).hexdigest(),
        entries=entries,
    )
