"""Generations: numbered links to system closures below /osconf/var/profiles, and `system`, which names the default.

Every change is one rename; a link is also a gc root. Numbers are never used twice while a later one exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from osconf.errors import ActivationError
from osconf.host.files import Files

FOLDER = "/osconf/var/profiles"
PROFILE = f"{FOLDER}/system"
_CURRENT = "/osconf/current-system"
_LINK = re.compile(r"system-([1-9][0-9]*)-link")


class GenerationError(ActivationError):
    """The generation that is meant cannot be used; nothing was begun."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Generation:
    """One kept system; `made` is when its link was made, in seconds since 1970."""

    number: int
    system: str
    made: float
    is_default: bool


def list_generations(files: Files) -> list[Generation]:
    """Return all generations, oldest first."""
    default = files.read_link(PROFILE)
    found = []
    for name in files.list_dir(FOLDER):
        match = _LINK.fullmatch(name)
        target = files.read_link(f"{FOLDER}/{name}")
        if match is None or target is None:
            continue
        status = files.status(f"{FOLDER}/{name}")
        made = status.st_mtime if status is not None else 0.0
        found.append(Generation(int(match.group(1)), target, made, name == default))
    return sorted(found, key=lambda generation: generation.number)


def find_default(files: Files) -> Generation | None:
    """Return the generation that boots by default."""
    return next((generation for generation in list_generations(files) if generation.is_default), None)


def find_generation(files: Files, number: int) -> Generation:
    """Return a generation by number; raises `GenerationError`."""
    generations = list_generations(files)
    for generation in generations:
        if generation.number == number:
            return generation
    known = ", ".join(str(generation.number) for generation in generations) or "none"
    raise GenerationError(f"there is no generation {number}", hint=f"there are: {known}", code="no-such-generation")


def add_generation(files: Files, system: str) -> Generation:
    """Make `system` the default, under the next number or under the one it has already."""
    path = files.resolve(system)
    generations = list_generations(files)
    for generation in reversed(generations):
        if generation.system == path:
            return generation if generation.is_default else make_default(files, generation.number)
    number = max((generation.number for generation in generations), default=0) + 1
    files.make_dirs(FOLDER)
    files.link(f"{FOLDER}/system-{number}-link", path, sync=True)
    _set_default(files, number)
    return find_generation(files, number)


def make_default(files: Files, number: int) -> Generation:
    """Make an existing generation the default."""
    find_generation(files, number)
    _set_default(files, number)
    return find_generation(files, number)


def find_previous(files: Files) -> Generation:
    """Return the generation to go back to; raises `GenerationError` when there is none.

    That is the one before the default. When what runs is no generation (a `test`, a switch that failed), it is the
    default itself.
    """
    generations = list_generations(files)
    default = next((generation for generation in generations if generation.is_default), None)
    running = files.resolve(_CURRENT)
    systems = {files.resolve(generation.system) for generation in generations}
    if default is not None and files.exists(_CURRENT) and running not in systems:
        return default
    older = [generation for generation in generations if default is None or generation.number < default.number]
    if not older:
        raise GenerationError("there is no generation to go back to", code="no-previous-generation")
    return older[-1]


def delete_generations(files: Files, numbers: Iterable[int], *, keep: Iterable[str] = ()) -> list[int]:
    """Delete generations; the default one and those whose system is in `keep` (booted, current) are refused."""
    chosen = [find_generation(files, number) for number in sorted(set(numbers))]
    kept = {files.resolve(path) for path in keep}
    for generation in chosen:
        if generation.is_default or files.resolve(generation.system) in kept:
            raise GenerationError(
                f"generation {generation.number} is in use",
                hint="the boot default, the booted and the running generation are kept",
                code="generation-in-use",
            )
    for generation in chosen:
        files.remove(f"{FOLDER}/system-{generation.number}-link")
    return [generation.number for generation in chosen]


def _set_default(files: Files, number: int) -> None:
    files.link(PROFILE, f"system-{number}-link", sync=True)
