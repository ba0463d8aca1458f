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


def write_tmpfiles(farm: Farm, facts: Facts) -> None:
    """Generate `TMPFILES`, leaving out paths that a package's own tmpfiles.d file declares."""
    declared = _declared_paths(farm)
    lines = [f"L+ /var/lib/dpkg - - - - /{DPKG_DATABASE}"]
    for path, entry in sorted(farm.plan.state.items()):
        if f"/{path}" in declared or path == "var/lib/dpkg":
            continue
        if path.startswith("opt/"):
            if path.count("/") == 1:
                lines.append(f"L /{path} - - - - /{FACTORY}/{path}")
            continue
        lines.append(_line(entry, facts))
    for path in sorted(facts.owners.keys() | facts.modes.keys()):
        relative = path.strip("/")
        if relative in farm.plan.state or path in declared or not path.startswith(("/var/", "/etc/", "/srv/")):
            continue
        if path.startswith("/etc/") and not farm.has(relative):
            continue
        owner, group = facts.owners.get(path, ("-", "-"))
        mode = f"{apply_mode(0o755, facts.modes[path]):04o}" if path in facts.modes else "-"
        lines.append(f"z {path} {mode} {owner} {group} -")
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


def note_state(farm: Farm, path: str, kind: str, mode: int) -> None:
    """Add a directory or file that a maintainer script made below /var."""
    farm.plan.state[path] = StateEntry(path, kind, f"{mode & 0o7777:04o}", "root", "root")


def _declared_paths(farm: Farm) -> set[str]:
    paths: set[str] = set()
    for config in farm.plan.under("usr/lib/tmpfiles.d"):
        for line in farm.read(config).splitlines():
            fields = line.split()
            if len(fields) >= 2 and not line.startswith("#"):
                paths.add(posixpath.normpath(fields[1].strip('"').replace("/var/run/", "/run/")))
    return paths
