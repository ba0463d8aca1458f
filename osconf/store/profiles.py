"""Profiles: names for generations of store paths, `system -> system-3-link -> /osconf/store/…`.

Every generation is a garbage collector root by being a link below the profiles directory. Changes are renames followed
by a sync of the directory: after a power cut the profile leads to the old generation or to the new one.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import StoreError
from osconf.store.canonical import explaining, sync_directory
from osconf.store.roots import replace_link


@dataclass(frozen=True)
class Generation:
    """One link of a profile."""

    number: int
    link: Path
    target: str
    created: int
    is_current: bool


@dataclass(frozen=True)
class Profile:
    """A profile by the path of its link, for example `/osconf/var/profiles/system`."""

    link: Path

    def generation_link(self, number: int) -> Path:
        """The link of a generation."""
        return self.link.with_name(f"{self.link.name}-{number}-link")

    def current_number(self) -> int | None:
        """The number of the generation that the profile leads to."""
        try:
            target = self.link.readlink()
        except OSError:
            return None
        match = re.fullmatch(re.escape(self.link.name) + r"-(\d+)-link", target.name)
        return int(match[1]) if match else None

    def generations(self) -> list[Generation]:
        """Every generation, oldest first."""
        pattern = re.compile(re.escape(self.link.name) + r"-(\d+)-link\Z")
        current = self.current_number()
        found = []
        if self.link.parent.is_dir():
            for entry in self.link.parent.iterdir():
                match = pattern.match(entry.name)
                if match and entry.is_symlink():
                    number = int(match[1])
                    created = int(entry.lstat().st_mtime)
                    found.append(Generation(number, entry, str(entry.readlink()), created, number == current))
        return sorted(found, key=lambda generation: generation.number)

    def add_generation(self, target: str) -> Generation:
        """Make a generation that leads to `target`, unless the newest one already does. Does not switch to it."""
        generations = self.generations()
        if generations and generations[-1].target == target:
            return generations[-1]
        number = generations[-1].number + 1 if generations else 1
        with explaining(f"add a generation to '{self.link}'"):
            self.link.parent.mkdir(parents=True, exist_ok=True)
            link = self.generation_link(number)
            link.symlink_to(target)
            sync_directory(self.link.parent)
        return Generation(number, link, target, int(time.time()), False)

    def switch_to(self, number: int) -> None:
        """Let the profile lead to a generation."""
        link = self.generation_link(number)
        if not link.is_symlink():
            known = ", ".join(str(generation.number) for generation in self.generations()) or "none"
            raise StoreError(
                f"profile '{self.link}' has no generation {number}", code="no-generation", hint=f"there are: {known}"
            )
        with explaining(f"switch '{self.link}'"):
            replace_link(self.link, link.name)
            sync_directory(self.link.parent)

    def previous_number(self) -> int:
        """The generation before the current one; raises `StoreError` when there is none."""
        current = self.current_number()
        older = [
            generation.number for generation in self.generations() if current is None or generation.number < current
        ]
        if not older:
            raise StoreError(f"profile '{self.link}' has no older generation", code="no-generation")
        return older[-1]

    def delete_generations(self, numbers: list[int]) -> list[Generation]:
        """Remove generations; refuses the current one."""
        chosen = [generation for generation in self.generations() if generation.number in numbers]
        if any(generation.is_current for generation in chosen):
            raise StoreError(
                f"cannot delete the current generation of '{self.link}'",
                code="generation-in-use",
                hint="switch to another one first",
            )
        for generation in chosen:
            generation.link.unlink()
        if chosen:
            sync_directory(self.link.parent)
        return chosen

    def choose_old(
        self, *, keep: int | None = None, older_than: float | None = None, protected: frozenset[str] = frozenset()
    ) -> list[Generation]:
        """The generations that a clean-up removes: not the current one, not those leading to a protected path.

        `keep` spares that many of the newest, `older_than` those younger than so many seconds.
        """
        generations = self.generations()
        spared = {generation.number for generation in generations[-keep:]} if keep else set()
        limit = time.time() - older_than if older_than is not None else None
        return [
            generation
            for generation in generations
            if not generation.is_current
            and generation.number not in spared
            and generation.target not in protected
            and (limit is None or generation.created < limit)
        ]
