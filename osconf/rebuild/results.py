"""The links that a build leaves beside the user's files, which keep the results from being collected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osconf.store.interface import Store


def link_results(store: Store, link: str, paths: Sequence[str]) -> dict[Path, str]:
    """Make LINK, LINK-2, … point at the paths, as garbage collector roots; each link with its path."""
    links = {}
    for number, path in enumerate(paths, start=1):
        place = Path(link if number == 1 else f"{link}-{number}").absolute()
        store.add_root(place, path)
        links[place] = path
    return links
