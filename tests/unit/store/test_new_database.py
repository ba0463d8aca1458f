"""The database of a new store is made once, however many ask for it at the same moment."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from osconf.store.database import Database

PROCESSES, ROUNDS = 6, 40


def open_new_ones(directory: Path, together: Barrier, results: multiprocessing.SimpleQueue[str]) -> None:
    try:
        for turn in range(ROUNDS):
            together.wait(60)
            Database(directory / f"{turn}.sqlite", durable=False).close()
    except Exception as error:
        together.abort()
        results.put(repr(error))
    else:
        results.put("")


def test_a_database_is_made_by_many_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    together, results = context.Barrier(PROCESSES), context.SimpleQueue()
    processes = [context.Process(target=open_new_ones, args=(tmp_path, together, results)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    assert [results.get() for _ in processes] == [""] * PROCESSES
    for process in processes:
        process.join()
