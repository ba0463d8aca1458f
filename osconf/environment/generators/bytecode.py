"""Python bytecode, compiled by the environment's own python, package by package.

Checked by content never (unchecked-hash): the tree cannot change under it, and modification times mean nothing here.
What one python makes of one package is always the same, so it is kept in a cache and copied into later environments.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.farm import Farm
from osconf.environment.generators.trigger import Trigger
from osconf.environment.manifest import Package
from osconf.store.follow import find_plain_file

# Part of every key of the cache: raise it when the same sources shall give other bytecode.
_CACHE_VERSION = 1
# Sources that are not imported in use; some of them are invalid on purpose.
_SKIP = re.compile(r"(^|/)(test|tests|idlelib|lib2to3|turtledemo|bad_coding[^/]*|__pycache__)(/|$)")


@dataclass(frozen=True)
class Compilation:
    """The sources of `package` that `python` (python3.13) compiles; `key` names the result in the cache."""

    python: str
    package: str
    key: str
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"bytecode-{self.python}-{self.package}"

    def bytecode_paths(self) -> Iterator[str]:
        """Where the bytecode of each source lies (PEP 3147)."""
        tag = "cpython-" + self.python.removeprefix("python").replace(".", "")
        for source in self.sources:
            directory, name = posixpath.split(source)
            yield f"{directory}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def plan_bytecode(farm: Farm) -> list[Compilation]:
    """One compilation per python and package: its own library, and for the default python the shared packages."""
    pythons = {
        path.rpartition("/")[2]: package
        for path, (package, _) in sorted(farm.plan.files.items())
        if re.fullmatch(r"usr/bin/python3\.\d+", path)
    }
    default = (farm.plan.resolve("usr/bin/python3") or "").rpartition("/")[2] or max(pythons, default="")
    found: dict[tuple[str, str], list[str]] = {}
    packages: dict[str, Package] = {}
    for path, (package, _) in sorted(farm.plan.files.items()):
        if not path.endswith(".py") or not path.startswith("usr/lib/python3") or _SKIP.search(path):
            continue
        library = path.split("/")[2]
        python = default if library == "python3" else library
        if python in pythons:
            found.setdefault((python, package.name), []).append(path)
            packages[package.name] = package
    return [
        Compilation(python, name, _key(pythons[python], packages[name], sources), tuple(sources))
        for (python, name), sources in sorted(found.items())
    ]


def _key(python: Package, package: Package, sources: Sequence[str]) -> str:
    text = "\n".join([str(_CACHE_VERSION), python.digest, package.digest, *sources])
    return hashlib.sha256(text.encode()).hexdigest()


def bytecode_trigger(compilation: Compilation) -> Trigger:
    """The trigger that compiles one package."""
    listing = "".join(f"/{source}\n" for source in compilation.sources)
    return Trigger(
        compilation.name,
        needs=(f"usr/bin/{compilation.python}",),
        watches=("usr/lib",),
        # Some packages ship templates that are no valid Python: their failure is no fault.
        command=f"{compilation.python} -ISs -m compileall -q --invalidation-mode unchecked-hash -i - <<'END' || true\n"
        f"{listing}END",
        outputs=("usr/lib/python3*/__pycache__/*.pyc",),
    )


def take_cached(farm: Farm, compilations: Sequence[Compilation], cache: Path | None) -> list[Compilation]:
    """Copy what the cache has into the farm; returns what is still to be compiled."""
    missing: list[Compilation] = []
    for compilation in compilations:
        kept = cache / compilation.key if cache is not None else None
        if kept is None or not kept.is_dir():
            missing.append(compilation)
            continue
        for path in compilation.bytecode_paths():
            file = find_plain_file(kept, path)
            if file is not None:
                farm.copy(path, file)
    return missing


def fill_cache(farm: Farm, compilations: Sequence[Compilation], cache: Path | None) -> None:
    """Keep what was compiled just now. Copies, not links: a cache must not share inodes with the store."""
    if cache is None:
        return
    cache.mkdir(parents=True, exist_ok=True)
    for compilation in compilations:
        with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as temporary:
            place = Path(temporary) / "new"
            place.mkdir()
            for path in compilation.bytecode_paths():
                # What the compiler left may be a link to anywhere: the programs may be a stranger's.
                file = find_plain_file(farm.root, path)
                if file is not None:
                    (place / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, place / path)
            if not (cache / compilation.key).exists():
                place.rename(cache / compilation.key)
