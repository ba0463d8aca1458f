"""dpkg's database of the environment, so that `dpkg -l`, `dpkg -S` and vulnerability scanners see Debian."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from osconf.environment.farm import Farm
from osconf.environment.manifest import Package
from osconf.environment.state import DPKG_DATABASE

_STATUS_AFTER = "Package"
_INFO_FILES = ("md5sums", "conffiles", "triggers", "shlibs", "symbols")


def write_dpkg_database(farm: Farm, packages: Iterable[Package]) -> None:
    """Generate `status` and `info/` below usr/lib/osconf/dpkg, and link var/lib/dpkg to them."""
    stanzas: list[str] = []
    for package in sorted(packages, key=lambda package: package.name):
        stanzas.append(_stanza(package))
        info = f"{DPKG_DATABASE}/info/{_info_name(package)}"
        farm.write(f"{info}.list", _file_list(package))
        for name in _INFO_FILES:
            file = package.find_file(f"DEBIAN/{name}")
            if file is not None:
                farm.hard_link(f"{info}.{name}", file)
    farm.write(f"{DPKG_DATABASE}/status", "\n".join(stanzas))
    farm.write(f"{DPKG_DATABASE}/available", "")
    farm.write(f"{DPKG_DATABASE}/diversions", "")
    farm.write(f"{DPKG_DATABASE}/statoverride", "")
    farm.write(f"{DPKG_DATABASE}/info/format", "1\n")
    farm.path(f"{DPKG_DATABASE}/updates").mkdir()
    farm.path("var/lib/dpkg").mkdir(parents=True)
    farm.hard_link("var/lib/dpkg/status", farm.path(f"{DPKG_DATABASE}/status"))


def _info_name(package: Package) -> str:
    if package.control.get("Multi-Arch") == "same":
        return f"{package.name}:{package.architecture}"
    return package.name


def _stanza(package: Package) -> str:
    lines: list[str] = []
    for name, value in package.control.items():
        lines.append(f"{name}: {value}".rstrip() if not value.startswith("\n") else f"{name}:{value}")
        if name == _STATUS_AFTER:
            lines.append("Status: install ok installed")
    conffiles = [line.strip() for line in package.read_control_file("conffiles").splitlines()]
    present = [path for path in conffiles if path.startswith("/")]
    if present:
        lines.append("Conffiles:")
        lines += [f" {path} {_digest_conffile(package, path)}" for path in present]
    return "\n".join(lines) + "\n"


def _digest_conffile(package: Package, path: str) -> str:
    file = package.find_file(path)
    return "newconffile" if file is None else hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _file_list(package: Package) -> str:
    paths = ["/.", *(f"/{entry.path}" for entry in package.entries if not entry.path.startswith("DEBIAN"))]
    return "\n".join(paths) + "\n"
