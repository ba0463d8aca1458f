"""Package views: what `"${pkgs.nginx}/bin/nginx"` means.

Programs are links to /usr/bin/NAME: what runs is the one of the environment it runs in. Everything else links into the
package's raw contents.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.manifest import Package
from osconf.errors import BuildError

_PROGRAM_DIRECTORIES = ("usr/bin", "usr/sbin", "usr/games")


@dataclass(frozen=True)
class View:
    """The tree of a view: `links` path -> target; directories follow from the paths."""

    links: Mapping[str, str]


def plan_view(package: Package, siblings: Sequence[Package], aliases: Mapping[str, str]) -> View:
    """Plan the view of `package`.

    `siblings` are dependencies built from the same source, whose programs count as the package's own (python3 is an
    empty shell otherwise). `aliases` maps more names to programs, given by name or by path.
    """
    links: dict[str, str] = {"contents": package.contents}
    for member in (*siblings, package):
        for name, path in _find_programs(member).items():
            links[f"bin/{name}"] = f"/{path}"
    for alias, program in sorted(aliases.items()):
        target = program if program.startswith("/") else links.get(f"bin/{program}", f"/usr/bin/{program}")
        links.setdefault(f"bin/{alias}", target)
    links.update({f"sbin/{path[4:]}": target for path, target in list(links.items()) if path.startswith("bin/")})
    for name, target in sorted(_list_rest(package).items()):
        links.setdefault(name, target)
    return View(links)


def _find_programs(package: Package) -> dict[str, str]:
    """Program name -> path, of files and links."""
    return {
        posixpath.basename(entry.path): entry.path
        for entry in package.entries
        if posixpath.dirname(entry.path) in _PROGRAM_DIRECTORIES
        and (entry.kind == "link" or (entry.kind == "file" and entry.mode & 0o111))
    }


def _list_rest(package: Package) -> dict[str, str]:
    """Top-level names of the view: the children of usr (share, lib, …), etc and the other roots."""
    rest: dict[str, str] = {}
    for entry in package.entries:
        top, _, below = entry.path.partition("/")
        if top == "usr" and below:
            child = below.partition("/")[0]
            if child not in {"bin", "sbin"}:
                rest[child] = f"{package.contents}/usr/{child}"
        elif top not in {"DEBIAN", "usr"}:
            rest[top] = f"{package.contents}/{top}"
    if "usr" in {entry.path.partition("/")[0] for entry in package.entries}:
        rest["usr"] = f"{package.contents}/usr"
    return rest


def write_view(view: View, out: Path) -> None:
    """Create the links of `view` at `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for path, target in sorted(view.links.items()):
        parts = path.split("/")
        above = {"/".join(parts[:count]) for count in range(1, len(parts))}
        if "" in parts or ".." in parts or not above.isdisjoint(view.links):
            # Names of programs may be a stranger's.
            raise BuildError(f"the link '{path}' of a package's view leads out of it", code="bad-package")
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
