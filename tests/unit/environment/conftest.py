"""Synthetic packages: small trees with manifests, as `builtin:deb` leaves them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from osconf.environment.farm import Farm, link_farm
from osconf.environment.manifest import Package, read_package
from osconf.environment.plan import plan_tree


@dataclass(frozen=True)
class Link:
    """A symbolic link of a synthetic package."""

    target: str


@dataclass(frozen=True)
class File:
    """A file with facts that are not the default ones."""

    content: str = ""
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class Directory:
    """An explicit directory."""

    mode: str = "0755"


Content = str | File | Link | Directory


@dataclass
class PackageMaker:
    """Writes packages below `base`."""

    base: Path
    made: list[Package] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        tree: Mapping[str, Content] | None = None,
        *,
        control: str = "",
        scripts: Mapping[str, str] | None = None,
    ) -> Package:
        root = self.base / f"{len(self.made):032}-{name}"
        entries: dict[str, dict[str, str]] = {}
        for path, content in (tree or {}).items():
            place = root / path
            for parent in place.relative_to(root).parents:
                if str(parent) != ".":
                    entries.setdefault(str(parent), {"type": "dir", "mode": "0755", "owner": "root", "group": "root"})
            place.parent.mkdir(parents=True, exist_ok=True)
            entries[path] = _write(place, content)
        debian = root / "DEBIAN"
        debian.mkdir(parents=True)
        header = f"Package: {name}\nVersion: 1\nArchitecture: amd64\n"
        (debian / "control").write_text(header + control)
        for script, text in (scripts or {}).items():
            (debian / script).write_text(text)
        document = {
            "package": name,
            "version": "1",
            "architecture": "amd64",
            "source": name,
            "entries": [{"path": path, **entry} for path, entry in sorted(entries.items())],
        }
        (debian / "manifest.json").write_text(json.dumps(document))
        package = read_package(name, f"/osconf/store/{root.name}", root)
        self.made.append(package)
        return package


def _write(place: Path, content: Content) -> dict[str, str]:
    if isinstance(content, Link):
        place.symlink_to(content.target)
        return {"type": "link", "mode": "0777", "owner": "root", "group": "root", "target": content.target}
    if isinstance(content, Directory):
        place.mkdir(parents=True, exist_ok=True)
        return {"type": "dir", "mode": content.mode, "owner": "root", "group": "root"}
    file = content if isinstance(content, File) else File(content)
    place.write_text(file.content)
    place.chmod(0o555 if int(file.mode, 8) & 0o111 else 0o444)
    digest = hashlib.sha256(file.content.encode()).hexdigest()
    return {"type": "file", "mode": file.mode, "owner": file.owner, "group": file.group, "sha256": digest}


@pytest.fixture
def make_package(tmp_path: Path) -> PackageMaker:
    return PackageMaker(tmp_path / "store")


FarmMaker = Callable[..., Farm]


@pytest.fixture
def make_farm(tmp_path: Path) -> FarmMaker:
    def build(*packages: Package) -> Farm:
        plan = plan_tree(packages)
        root = tmp_path / "out"
        root.mkdir()
        link_farm(plan, root)
        return Farm(plan, root)

    return build
