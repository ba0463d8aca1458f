"""`osconf search`: packages of the archive and options, ranked, offline."""

from __future__ import annotations

from collections.abc import Sequence
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


def search_packages(session: Session, words: Sequence[str], configuration: str | None) -> list[tuple[str, str]]:
    """Packages whose name or description has every word."""
    from osconf.rebuild.evaluation import open_default_archive

    universe = open_default_archive(session, None if configuration is None else Path(configuration).absolute()).universe
    found = []
    for package in universe.search(words[0]):
        ranks = [rank(word, package.name, package.description) for word in words]
        if None not in ranks:
            found.append((sum(place for place in ranks if place is not None), package.name, package.description))
    return [(name, text) for _, name, text in sorted(found)[:LIMIT]]


def search_options(session: Session, words: Sequence[str]) -> list[tuple[str, str]]:
    """Options whose path or description has every word, as the module system ranks them."""
    from osconf.lang.evaluator import run_deep
    from osconf.module_system.documentation import search_options as search
    from osconf.module_system.reports import first_sentence

    def work() -> list[tuple[str, str]]:
        result = session.evaluator().eval_text("import <osconf/modules> { configuration = { }; }")
        return [(document.path, first_sentence(document.description)) for document in search(result, words)]

    return run_deep(work)[:LIMIT]
