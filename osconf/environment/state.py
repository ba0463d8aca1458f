"""State that packages expect on a machine, as tmpfiles.d(5) lines: their `var`, `srv` and `opt` entries.

Files below /var are offered from a factory copy in /usr and made only where they are missing.
"""

from __future__ import annotations

import posixpath

from osconf.environment.facts import Facts, apply_mode
from osconf.environment.farm import Farm
from osconf.environment.plan import FACTORY, StateEntry

TMPFILES = "usr/lib/tmpfiles.d/osconf-packages.conf"
DPKG_DATABASE = "usr/lib/osconf/dpkg"
# Caches that are looked for below /var but follow from the packages alone: always those of the current environment.
_CACHES = ("var/lib/systemd/catalog/database", "var/cache/fontconfig")


def write_tmpfiles(farm: Farm, facts: Facts) -> None:
    """Generate `TMPFILES`, leaving out paths that a package's own tmpfiles.d file declares."""
    declared = _declared_paths(farm)
    lines = [f"L+ /var/lib/dpkg - - - - /{DPKG_DATABASE}"]
    lines += [f"L+ /{path} - - - - /{FACTORY}/{path}" for path in _CACHES if farm.path(f"{FACTORY}/{path}").exists()]
    for path, entry in sorted(farm.plan.state.items()):
        if f"/{path}" in declared or path == "var/lib/dpkg":
            continue
        if path.startswith("opt/"):
            if path.count("/") == 1:
                lines.append(f"L /{path} - - - - /{FACTORY}/{path}")
            continue
        lines.append(_line(entry, facts))
    lines += _owner_lines(farm, facts, declared)
    farm.write(TMPFILES, "# State of the packages of this environment.\n" + "\n".join(lines) + "\n")


def _line(entry: StateEntry, facts: Facts) -> str:
    path = f"/{entry.path}"
    if entry.kind == "link":
        return f"L {path} - - - - {entry.target}"
    owner, group = facts.owners.get(path, (entry.owner, entry.group))
    mode = f"{apply_mode(int(entry.mode, 8), facts.modes[path]):04o}" if path in facts.modes else entry.mode
    if entry.kind == "file":
        return f"C {path} {mode} {owner} {group} - /{FACTORY}/{entry.path}"
    return f"d {path} {mode} {owner} {group} -"


def _owner_lines(farm: Farm, facts: Facts, declared: set[str]) -> list[str]:
    """Owners and modes that scripts set below /var and /run; files of /etc keep the store's."""
    lines: list[str] = []
    for path in sorted(facts.owners.keys() | facts.modes.keys()):
        place = _normalise(path)
        if (
            place in declared
            or place.strip("/") in farm.plan.state
            or not place.startswith(("/var/", "/run/", "/srv/"))
        ):
            continue
        owner, group = facts.owners.get(path, ("-", "-"))
        mode = f"{apply_mode(0o755, facts.modes[path]):04o}" if path in facts.modes else "-"
        lines.append(f"{'d' if place.startswith('/run/') else 'z'} {place} {mode} {owner} {group} -")
    return lines


def _normalise(path: str) -> str:
    return posixpath.normpath(path).replace("/var/run/", "/run/")


def note_state(farm: Farm, path: str, kind: str, mode: int, target: str = "") -> None:
    """Add a directory, file or link that a maintainer script made below /var."""
    farm.plan.state[path] = StateEntry(path, kind, f"{mode & 0o7777:04o}", "root", "root", target)


def _declared_paths(farm: Farm) -> set[str]:
    paths: set[str] = set()
    for config in farm.plan.under("usr/lib/tmpfiles.d"):
        for line in farm.read(config).splitlines():
            fields = line.split()
            if len(fields) >= 2 and not line.startswith("#"):
                paths.add(_normalise(fields[1].strip('"')))
    return paths
