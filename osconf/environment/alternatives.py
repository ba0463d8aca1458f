"""Alternatives, chosen when the environment is built: links in the farm instead of /etc/alternatives.

The highest priority wins, the path breaks ties, `environment.alternatives.<name>` overrides (update-alternatives(1)).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from osconf.environment.facts import Alternative
from osconf.environment.farm import Farm
from osconf.errors import BuildError

_ETC_ALTERNATIVES = "/etc/alternatives/"


def choose_alternatives(recorded: Iterable[Alternative], overrides: Mapping[str, str]) -> dict[str, Alternative]:
    """Pick one alternative per name; `overrides` maps names to the path that shall win."""
    groups: dict[str, list[Alternative]] = {}
    for alternative in recorded:
        groups.setdefault(alternative.name, []).append(alternative)
    chosen = {
        name: max(group, key=lambda alternative: (alternative.priority, alternative.path))
        for name, group in sorted(groups.items())
    }
    for name, path in sorted(overrides.items()):
        group = groups.get(name, [])
        match = next((a for a in group if path in {a.path, posixpath.basename(a.path)}), None)
        if match is None:
            known = ", ".join(sorted(a.path for a in group)) or "none"
            raise BuildError(
                f"no package of the environment offers {path} as the alternative `{name}` (offered: {known})",
                code="unknown-alternative",
                hint="add the package that ships it, or take one of the offered paths",
            )
        chosen[name] = match
    return chosen


def bake_alternatives(farm: Farm, chosen: Mapping[str, Alternative]) -> dict[str, str]:
    """Make the links of the chosen alternatives in the farm; returns name -> path for the description."""
    paths: dict[str, str] = {}
    for name, alternative in sorted(chosen.items()):
        paths[name] = alternative.path
        _bake(farm, alternative.link, alternative.path)
        for link, slave, path in alternative.slaves:
            if farm.has(path.lstrip("/")):
                paths[slave] = path
                _bake(farm, link, path)
    for path, target in sorted(farm.plan.links.items()):
        if target.startswith(_ETC_ALTERNATIVES):
            real = paths.get(target.removeprefix(_ETC_ALTERNATIVES))
            if real is not None and real != f"/{path}":
                farm.link(path, real)
    return paths


def _bake(farm: Farm, link: str, path: str) -> None:
    place = _merge_usr(link).lstrip("/")
    target = _merge_usr(path)
    if not place.startswith(("usr/", "etc/")) or f"/{place}" == target:
        return
    resolved = farm.plan.resolve(posixpath.dirname(place))
    if resolved is not None:
        place = f"{resolved}/{posixpath.basename(place)}"
    if place in farm.plan.files:
        return  # a real program of that name, which dpkg would refuse to replace too
    if posixpath.dirname(target) == f"/{posixpath.dirname(place)}":
        target = posixpath.basename(target)
    farm.link(place, target)


def _merge_usr(path: str) -> str:
    first = path.split("/")[1] if path.startswith("/") else ""
    return f"/usr{path}" if first in {"bin", "sbin", "lib", "lib32", "lib64"} else path
