"""Real packages for tests: resolve, download through the cache, unpack, build an environment, run commands inside."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from osconf.archive.acquire import Access
from osconf.archive.archive import Archive, LockFile
from osconf.archive.deb import unpack_deb
from osconf.archive.mirror import read_apt_mirrors
from osconf.archive.resolver import Root
from osconf.archive.source import Source
from osconf.environment.manifest import read_package
from osconf.environment.pipeline import EnvironmentRequest, PackageSource, build_environment
from osconf.environment.shell import ShellRequest, plan_shell
from osconf.sandbox.run import run_in_sandbox

# Tests look at files, not at trust; what the mirror of this machine serves is what its apt would take.
SUITE = Source(id="trixie", suite="trixie", base="mirror:debian", trusted=True)


@dataclass(frozen=True)
class Ran:
    """How a command in an environment ended."""

    exit_code: int
    output: str


@dataclass
class RealPackages:
    """Unpacked packages of the archive below `base`, which must lie where environments are built too."""

    base: Path
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "osconf"
        self.archive = Archive(Access(read_apt_mirrors(), cache), [SUITE], LockFile(None))

    def unpack(self, names: Sequence[str]) -> list[PackageSource]:
        """The closure of `names`, unpacked once."""
        closure = self.archive.resolve([Root(name, "a test") for name in names]).names
        self.archive.prefetch(closure)
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self._unpack_one, closure))

    def _unpack_one(self, name: str) -> PackageSource:
        package = self.archive.find(name)
        assert package is not None
        root = self.base / f"{package.sha256[:32]}-{name}"
        if not root.exists():
            deb = self.archive.access.cache.find(package.sha256)
            assert deb is not None
            unpack_deb(deb, root)
        return PackageSource(name, f"/osconf/store/{root.name}", root)

    def build(self, name: str, names: Sequence[str], *, kind: str = "shell") -> BuiltEnvironment:
        """An environment of the closure of `names`."""
        packages = self.unpack(names)
        out, scratch = self.base / f"{name}-environment", self.base / f"{name}-scratch"
        scratch.mkdir()
        warnings = build_environment(EnvironmentRequest(packages, kind=kind), out, scratch)
        return BuiltEnvironment(out, packages, list(warnings))


@dataclass(frozen=True)
class BuiltEnvironment:
    """An environment, the packages it was made from, and what it warned of."""

    root: Path
    packages: list[PackageSource]
    warnings: list[str]

    def run(self, *argv: str, directory: Path) -> Ran:
        """Run a command inside, as `osconf shell --pure` does."""
        request = ShellRequest(self.root, argv, {"HOME": str(directory)}, directory, pure=True, interactive=False)
        lines: list[str] = []
        result = run_in_sandbox(plan_shell(request, uid=os.getuid(), gid=os.getgid()), lines.append)
        return Ran(result.exit_code, "\n".join(lines))

    def find_changed_files(self) -> list[str]:
        """Files of the packages whose content is not the manifest's any more: written through a link."""
        changed: list[str] = []
        for source in self.packages:
            for entry in read_package(source.name, source.contents, source.root).entries:
                if entry.kind == "file":
                    content = (source.root / entry.path).read_bytes()
                    if hashlib.sha256(content).hexdigest() != entry.digest:
                        changed.append(f"{source.name}: {entry.path}")
        return changed
