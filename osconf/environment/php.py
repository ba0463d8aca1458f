"""PHP's modules, enabled for every SAPI of the environment as phpenmod(8) does for fresh installations."""

from __future__ import annotations

import re

from osconf.environment.farm import Farm

_MODULE = re.compile(r"etc/php/(?P<version>[^/]+)/mods-available/(?P<name>[^/]+)\.ini")
_SHIPPED = re.compile(r"usr/share/php(?P<version>\d[^-/]*)-[^/]+/[^/]+/(?P<name>[^/]+)\.ini")
_PRIORITY = re.compile(r"^;\s*priority=(\d+)", re.MULTILINE)


def enable_php_modules(farm: Farm) -> None:
    """Link the modules of each PHP version into the conf.d of its SAPIs."""
    for path in farm.plan.under("usr/share"):
        shipped = _SHIPPED.fullmatch(path)
        if shipped:
            place = f"etc/php/{shipped['version']}/mods-available/{shipped['name']}.ini"
            if not farm.plan.has(place):
                farm.write(place, farm.read(path))
    for path in farm.plan.under("etc/php"):
        module = _MODULE.fullmatch(path)
        if module is None:
            continue
        priority = _PRIORITY.search(farm.read(path))
        name = f"{priority[1] if priority else '20'}-{module['name']}.ini"
        for sapi in _list_sapis(farm, module["version"]):
            farm.link(f"etc/php/{module['version']}/{sapi}/conf.d/{name}", f"/{path}")


def _list_sapis(farm: Farm, version: str) -> list[str]:
    prefix = f"usr/lib/php/{version}/sapi/"
    return sorted({path.removeprefix(prefix).partition("/")[0] for path in farm.plan.under(prefix.rstrip("/"))})
