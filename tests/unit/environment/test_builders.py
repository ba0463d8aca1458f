"""The derivations' attributes reach the pipelines, and references are declared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from osconf.environment.builders import BUILDERS

from .conftest import File, PackageMaker


class PretendedRequest:
    """What a builder sees of a build, for packages of a `PackageMaker`."""

    def __init__(self, base: Path, maker: PackageMaker, **attributes: Any) -> None:
        self.out = base / "result"
        self.scratch = base / "scratch"
        self.scratch.mkdir()
        self.settings = SimpleNamespace(cache_dir=None)
        self.store = self
        self.lines: list[str] = []
        self.log = self.lines.append
        self.roots = {package.contents: package.root for package in maker.made}
        self.attributes = attributes

    def closure(self, paths: Iterable[str]) -> list[str]:
        return list(paths)

    def real_path(self, path: str) -> Path:
        return self.roots[path]

    def find(self, path: str, *, follow_last: bool = True) -> Path:
        return self.roots[path]

    def text(self, key: str, default: str | None = None) -> str:
        return str(self.attributes.get(key, default))

    def json(self, key: str, default: Any = None) -> Any:
        return self.attributes.get(key, default)


def test_an_environment_declares_its_packages_as_references(make_package: PackageMaker, tmp_path: Path) -> None:
    packages = [
        make_package("one", {"usr/bin/one": File("1", mode="0755")}),
        make_package("two", {"usr/bin/two": File("2", mode="4755")}),
    ]
    members = [{"name": package.name, "contents": package.contents} for package in packages]
    request = PretendedRequest(tmp_path, make_package, packages=members, osconfEnvironmentKind="system")
    result = BUILDERS["environment"](request)
    assert result.references == {"out": frozenset(package.contents for package in packages)}
    description = json.loads((request.out / "environment.json").read_text())
    assert [item["name"] for item in description["packages"]] == ["one", "two"]
    assert description["kind"] == "system"
    assert (request.out / "usr/bin/two").readlink() == Path("/run/wrappers/bin/two")


def test_packages_are_untouched(make_package: PackageMaker, tmp_path: Path) -> None:
    package = make_package("apt", {"usr/bin/apt": File("real", mode="0755"), "etc/shells": "own"})
    members = [{"name": package.name, "contents": package.contents}]
    request = PretendedRequest(tmp_path, make_package, packages=members, osconfEnvironmentKind="shell")
    BUILDERS["environment"](request)
    assert (package.root / "usr/bin/apt").read_text() == "real"
    assert "osconf system" in (request.out / "usr/bin/apt").read_text()


def test_a_view_refers_to_its_contents_alone(make_package: PackageMaker, tmp_path: Path) -> None:
    package = make_package("python3", {"usr/share/doc/x": ""})
    sibling = make_package("python3.13", {"usr/bin/python3.13": File("", mode="0755")})
    request = PretendedRequest(
        tmp_path,
        make_package,
        package="python3",
        contents=package.contents,
        siblings=[{"name": sibling.name, "contents": sibling.contents}],
        aliases={"python": "python3.13"},
    )
    result = BUILDERS["package-view"](request)
    assert result.references == {"out": frozenset({package.contents})}
    assert (request.out / "bin/python").readlink() == Path("/usr/bin/python3.13")
