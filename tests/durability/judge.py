"""What must hold in a store after any interruption, and what the next run must make of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.hashes import hash_file
from osconf.store.local import LocalStore
from osconf.store.narinfo import parse_narinfo
from tests.durability.work import CACHE, build, profile_of


@dataclass
class Verdict:
    """What was found wrong, and how much there was to look at."""

    problems: list[str] = field(default_factory=list)
    valid: int = 0
    leftovers: int = 0


def judge_store(root: Path, promised: Iterable[str], turn: int, *, build_first: bool, sandbox: bool) -> Verdict:
    """Check the store below `root`, and that the next build and garbage collection leave it clean and sound."""
    verdict = Verdict()
    with LocalStore.open(root, durable=False) as store:
        _judge_contents(store, verdict, "at once")
        verdict.valid = len(store.valid_paths())
        for path in sorted(set(promised) - store.valid_among(promised)):
            verdict.problems.append(f"'{path}' was finished, and is not valid")
        _judge_roots(store, verdict)
        _judge_cache(store, verdict)
        leftovers = store.verify().unregistered
        verdict.leftovers = len(leftovers) + sum(1 for _ in _hidden(store))
    with LocalStore.open(root, durable=False) as store:
        if build_first:
            build(store, turn, sandbox=sandbox)
            _judge_contents(store, verdict, "after the next build")
    with LocalStore.open(root, durable=False) as store:
        verdict.problems += [f"garbage collection left '{path}'" for path in _collect(store)]
        if store.valid_among(promised) != set(promised):
            verdict.problems.append("garbage collection took something that a root needs")
    if not build_first:
        with LocalStore.open(root, durable=False) as store:
            build(store, turn, sandbox=sandbox)
            _judge_contents(store, verdict, "after the next garbage collection and build")
    return verdict


def _collect(store: LocalStore) -> list[str]:
    """Collect garbage; what is left of the interrupted work then.

    The sandbox of a killed process lives a moment longer, and what it names is not garbage before it ends.
    """
    deadline = time.monotonic() + 10
    while True:
        store.collect_garbage()
        left = [*store.verify().unregistered, *_hidden(store)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _judge_contents(store: LocalStore, verdict: Verdict, when: str) -> None:
    report = store.verify(check_contents=True)
    verdict.problems += [f"{when}: '{path}' is valid and missing" for path in report.missing]
    verdict.problems += [f"{when}: '{path}' is valid and damaged" for path in report.changed]
    verdict.problems += [f"{when}: the database says: {text}" for text in report.database]


def _judge_roots(store: LocalStore, verdict: Verdict) -> None:
    """Every root leads to something valid, and the profile to one of its generations."""
    for path, reasons in store.roots().items():
        links = [reason for reason in reasons if not reason.startswith("{")]
        if links and not store.is_valid(path):
            verdict.problems.append(f"{', '.join(links)} lead to '{path}', which is not valid")
    profile = profile_of(store)
    if os.path.lexists(profile.link) and not any(entry.is_current for entry in profile.generations()):
        verdict.problems.append("the profile leads to no generation")


def _judge_cache(store: LocalStore, verdict: Verdict) -> None:
    """What the cache says it has it has, whole."""
    directory = store.root / CACHE
    for file in sorted(directory.glob("*.narinfo")):
        try:
            narinfo = parse_narinfo(file.read_text(), store.store_dir, str(file))
            whole = hash_file("sha256", directory / narinfo.url) == narinfo.file_hash
        except (StoreError, OSError) as error:
            verdict.problems.append(f"the cache has '{file.name}', which is broken: {error}")
        else:
            if not whole:
                verdict.problems.append(f"the cache has a damaged archive of '{narinfo.info.path}'")


def _hidden(store: LocalStore) -> Iterable[str]:
    for directory in (store.layout.temporary, store.layout.trash, store.layout.temporary_roots, store.layout.locks):
        for entry in directory.iterdir():
            if directory != store.layout.temporary_roots or not entry.name.startswith(f"{os.getpid()}-"):
                yield str(entry)
