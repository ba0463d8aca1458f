"""What a user's profile holds, as data: its elements, read from and written to the manifest of a generation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from osconf.errors import OsconfError

_FORMAT = 1


class ProfileError(OsconfError):
    """A profile cannot be changed as asked."""

    code = "profile-error"


@dataclass(frozen=True)
class Element:
    """Something that was installed.

    `kind` is package (a name of the package set), expression or path; `request` is the name, the text or the store
    path, `directory` where an expression's relative paths start. `archive` is the name in the Debian archive, if it
    comes from there; what was built has its derivation in `drv`, so that it stays the same until it is upgraded.
    """

    name: str
    kind: str
    request: str
    version: str = ""
    path: str = ""
    drv: str = ""
    output: str = ""
    archive: str = ""
    directory: str = ""

    def is_same_request(self, other: Element) -> bool:
        """Whether both were asked for with the same words."""
        return (self.kind, self.request, self.directory) == (other.kind, other.request, other.directory)


@dataclass(frozen=True)
class Manifest:
    """The elements of one generation."""

    elements: tuple[Element, ...] = ()

    @classmethod
    def read(cls, profile: Path) -> Manifest:
        """Read the manifest of a generation's tree; raises `ProfileError` for one that is something else."""
        try:
            data = json.loads((profile / "manifest.json").read_text("utf-8"))
            if data["version"] != _FORMAT:
                raise ProfileError(
                    f"the profile {profile} has format {data['version']}; this osconf reads format {_FORMAT}",
                    hint="another version of osconf made it: use that one, or `osconf profile rollback`",
                )
            return cls(tuple(Element(**item) for item in data["elements"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProfileError(
                f"{profile} is no profile of osconf: {error}", hint="`osconf profile rollback` goes to the one before"
            ) from None

    def to_json(self) -> dict[str, Any]:
        """The form in which a generation keeps it."""
        return {"version": _FORMAT, "elements": [asdict(element) for element in self.elements]}

    def find(self, name: str) -> Element:
        """The element of that name; raises `ProfileError` with the names that may have been meant."""
        for element in self.elements:
            if name in (element.name, element.request, element.path):
                return element
        names = [element.name for element in self.elements]
        near = get_close_matches(name, names, n=1)
        known = ", ".join(sorted(names)) if names else "nothing"
        raise ProfileError(
            f"‘{name}’ is not in the profile",
            code="not-in-profile",
            hint=f"did you mean ‘{near[0]}’?" if near else f"it holds {known}",
        )

    def with_element(self, new: Element) -> Manifest:
        """Add an element, in the place of the one with its name if there is one."""
        if any(element.name == new.name for element in self.elements):
            return Manifest(tuple(new if element.name == new.name else element for element in self.elements))
        return Manifest((*self.elements, new))

    def without(self, names: Iterable[str]) -> Manifest:
        """Leave elements out; each name must be there."""
        gone = {self.find(name).name for name in names}
        return Manifest(tuple(element for element in self.elements if element.name not in gone))


@dataclass(frozen=True)
class ElementChange:
    """An element that is new (`old` is None), gone (`new` is None) or of another version."""

    name: str
    old: str | None
    new: str | None

    def as_text(self) -> str:
        """One line for people."""
        if self.old is None:
            return f"+ {self.name} {self.new}".rstrip()
        if self.new is None:
            return f"- {self.name} {self.old}".rstrip()
        if self.old == self.new:
            return f"~ {self.name} (built anew)"
        return f"~ {self.name} {self.old} -> {self.new}"


def compare_elements(before: Sequence[Element], after: Sequence[Element]) -> list[ElementChange]:
    """What is different in `after`, by name."""
    old = {element.name: element for element in before}
    new = {element.name: element for element in after}
    changes = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or (was.path, was.version) != (now.path, now.version):
            changes.append(ElementChange(name, was.version if was else None, now.version if now else None))
    return changes


def changes_as_json(changes: Iterable[ElementChange]) -> list[Mapping[str, str | None]]:
    """Records for programs."""
    return [asdict(change) for change in changes]
