"""Generations as `osconf generations` shows them: listed, compared, deleted, chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.activation import generations as links
from osconf.activation.commit import IN_USE, forget_generations
from osconf.host.files import Files
from osconf.host.process import start_program
from osconf.host.real import RealHost
from osconf.log import logger
from osconf.rebuild.switch import ACTIVATOR, PROFILES, require_osconf_machine

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

CURRENT, BOOTED = IN_USE


def describe_generations() -> list[dict[str, Any]]:
    """One record per generation, oldest first."""
    files = Files()
    current, booted = files.resolve(CURRENT), files.resolve(BOOTED)
    return [
        {
            "generation": generation.number,
            "system": generation.system,
            "date": generation.made,
            "label": _label(generation.system),
            "current": generation.system == current,
            "default": generation.is_default,
            "booted": generation.system == booted,
        }
        for generation in links.list_generations(files)
    ]


def compare_generations(old: int, new: int) -> dict[str, list[str]]:
    """What is different in `new`: packages with versions, units, entries of /etc."""
    files = Files()
    before, after = (links.find_generation(files, number).system for number in (old, new))
    return {
        "package": _compare(_packages(before), _packages(after)),
        "unit": _compare(_units(before), _units(after)),
        "file": _compare(_etc(before), _etc(after)),
    }


def delete_generations(numbers: Sequence[int]) -> list[int]:
    """Forget generations, in the boot menu too; the default, the running and the booted one are refused."""
    return forget_generations(RealHost(), numbers, logger.warning)


def switch_to_generation(session: Session, number: int) -> int:
    """Activate a generation with its own activator and make it the default; gives the exit code."""
    require_osconf_machine(session)
    links.find_generation(Files(), number)
    program = f"{PROFILES}/system-{number}-link/{ACTIVATOR}"
    return start_program([program, "switch", "--generation", str(number)]).wait()


def _label(system: str) -> str:
    data = _read_json(Path(system, "boot.json"))
    return str(data.get("label", ""))


def _packages(system: str) -> dict[str, str]:
    data = _read_json(Path(system, "environment/environment.json"))
    return {package["name"]: package["version"] for package in data.get("packages", [])}


def _units(system: str) -> dict[str, str]:
    folder = Path(system, "etc/systemd/system")
    return {unit.name: str(unit.resolve()) for unit in folder.iterdir()} if folder.is_dir() else {}


def _etc(system: str) -> dict[str, str]:
    folder = Path(system, "etc").resolve()
    return {
        str(file.relative_to(folder)): str(file.resolve())
        for file in folder.rglob("*")
        if not file.is_dir() and "systemd/system/" not in str(file)
    }


def _compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    rows = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            rows.append(f"+ {name} {_short(new)}".rstrip())
        elif new is None:
            rows.append(f"- {name} {_short(old)}".rstrip())
        elif old != new:
            rows.append(f"~ {name} {_short(old)} -> {_short(new)}" if _short(old) else f"~ {name}")
    return rows


def _short(value: str | None) -> str:
    """A version is worth showing, a store path is not."""
    return "" if value is None or value.startswith("/") else value


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data
