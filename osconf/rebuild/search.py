"""`osconf search`: packages of the archive and options, ranked, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

LIMIT = 60


def rank(word: str, name: str, text: str) -> int | None:
    """How well a name and a description fit a word; smaller is better, None is not at all."""
    word, name, text = word.lower(), name.lower(), text.lower()
    last = name.rpartition(".")[2]
    if word in (name, last):
        return 0
    if last.startswith(word):
        return 1
    if word in name:
        return 2
    return 3 if word in text else None


def search_packages(session: Session, word: str, configuration: str | None) -> list[tuple[str, str]]:
    """Packages whose name or description has the word."""
    from osconf.rebuild.evaluation import open_default_archive

    universe = open_default_archive(session, None if configuration is None else Path(configuration).absolute()).universe
    found = []
    for package in universe.search(word):
        place = rank(word, package.name, package.description)
        if place is not None:
            found.append((place, package.name, package.description))
    return [(name, text) for _, name, text in sorted(found)[:LIMIT]]


def search_options(session: Session, word: str) -> list[tuple[str, str]]:
    """Options whose path or description has the word (each of several), as the module system ranks them."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import search_options as search

    def work() -> list[tuple[str, str]]:
        result = session.evaluator().eval_text("import <osconf/modules> { configuration = { }; }")
        return [
            (document.path, document.description.strip().partition("\n")[0])
            for document in search(result, word.split())
        ]

    return run_deep(work)[:LIMIT]
