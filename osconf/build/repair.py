"""Repairing store paths: building them again from the derivation that made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from osconf.build.builtin import BuiltinBuilder
from osconf.build.realise import realise
from osconf.build.reporter import Reporter
from osconf.build.settings import BuildSettings
from osconf.errors import OsconfError
from osconf.log import logger
from osconf.store.local import LocalStore


def make_repair(
    store: LocalStore,
    builders: Mapping[str, BuiltinBuilder],
    settings: BuildSettings,
    reporter: Reporter | None = None,
) -> Callable[[str], bool]:
    """The function that `LocalStore.verify` asks to make a path good again."""

    def repair(path: str) -> bool:
        info = store.query_path_info(path)
        candidates = [*([info.deriver] if info.deriver else []), *store.derivers_of(path)]
        for drv in dict.fromkeys(candidates):
            if not store.is_valid(drv):
                continue
            try:
                realise(store, [drv], builders, replace(settings, repair=True, check=False), reporter)
            except OsconfError as error:
                logger.warning("cannot repair %s: %s", path, error)
                continue
            return True
        return False

    return repair
