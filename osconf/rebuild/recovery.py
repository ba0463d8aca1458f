"""`osconf store recover`: a new database for a store whose own is damaged."""

from __future__ import annotations

from pathlib import Path

from osconf.errors import StoreError
from osconf.store.canonical import explaining
from osconf.store.database import Database, DatabaseDamaged
from osconf.store.layout import StoreLayout
from osconf.store.lost import is_lost
from osconf.store.readonly import ensure_writable
from osconf.store.recover import Recovery, recover_database


def recover_store(root: Path, store_dir: str, *, force: bool = False) -> Recovery | None:
    """Recover the database of the store below `root`; None when it is sound and nothing was done."""
    layout = StoreLayout(root, store_dir)
    if not layout.store.is_dir():
        raise StoreError(f"there is no store at '{layout.store}'", code="no-store")
    with explaining("recover the store database"):
        ensure_writable(layout.store)
        layout.create()
    if not force and not is_lost(layout) and _is_sound(layout):
        return None
    return recover_database(layout)


def _is_sound(layout: StoreLayout) -> bool:
    try:
        database = Database(layout.database)
        try:
            # The last three fail when a table is missing.
            faults = database.check_integrity()
            for read in (database.all_edges, database.derivation_outputs, database.derivers):
                read()
            return not faults
        finally:
            database.close()
    except DatabaseDamaged:
        return False
