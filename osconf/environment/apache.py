"""Apache's default modules, snippets and sites, enabled as a2enmod(8) does for a fresh installation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from osconf.environment.farm import Farm

_BASE = "etc/apache2"
_DEPENDS = re.compile(r"^#\s*Depends:\s*(.*)$", re.MULTILINE)


def enable_apache_modules(farm: Farm, wanted: Iterable[tuple[str, str]]) -> None:
    """Link what the recorded calls enable; `wanted` holds (mods | conf | sites, name) pairs."""
    pending = list(wanted)
    done: set[tuple[str, str]] = set()
    while pending:
        kind, name = pending.pop()
        if (kind, name) in done:
            continue
        done.add((kind, name))
        for suffix in (".load", ".conf"):
            source = f"{kind}-available/{name}{suffix}"
            if not farm.has(f"{_BASE}/{source}"):
                continue
            farm.link(f"{_BASE}/{kind}-enabled/{name}{suffix}", f"../{source}")
            for names in _DEPENDS.findall(farm.read(f"{_BASE}/{source}")):
                pending += [(kind, needed) for needed in names.split()]
