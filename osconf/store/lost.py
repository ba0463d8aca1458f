"""Telling a store whose database is gone from a new one, before an empty database is made for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.model.store_path import BadStorePath, parse_base_name
from osconf.store.database import DatabaseDamaged

if TYPE_CHECKING:
    from osconf.store.layout import StoreLayout

RECOVER_HINT = "`osconf store recover` makes a new one from what is on the disk; or restore it from a backup"


def is_lost(layout: StoreLayout) -> bool:
    """Whether there is no database although there are store paths: it was there before they were."""
    try:
        if layout.database.stat().st_size > 0:
            return False
    except FileNotFoundError:
        pass
    return layout.registration is None and any(True for _ in find_entries(layout))


def check_not_lost(layout: StoreLayout) -> None:
    """Raise `DatabaseDamaged` when opening would make an empty database for a store that is not."""
    if is_lost(layout):
        raise DatabaseDamaged(
            f"the store database '{layout.database}' is gone or empty, but there are paths in '{layout.store}'",
            hint=RECOVER_HINT,
        )


def find_entries(layout: StoreLayout) -> Iterator[Path]:
    """What has the name of a store path on the disk, registered or not."""
    for real in layout.store.iterdir():
        try:
            parse_base_name(real.name)
        except BadStorePath:
            continue
        yield real
