"""Substitution: making paths valid by fetching them, with what they refer to, from binary caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from osconf.errors import StoreError
from osconf.log import logger
from osconf.store.binary_cache import BinaryCache, open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import parse_public_keys


class Substituter:
    """Tries some caches, the one with the lowest priority number first.

    A cache that cannot be reached, lies or is not trusted is as good as one that has nothing: a warning tells.
    """

    def __init__(
        self,
        store: LocalStore,
        addresses: Iterable[str],
        trusted_keys: Iterable[str],
        listen: Callable[[str, str], None] = lambda _path, _cache: None,
    ) -> None:
        self.store = store
        self.listen = listen
        self.keys = parse_public_keys(trusted_keys)
        caches: list[BinaryCache] = [open_cache(address, store.store_dir) for address in addresses]
        self.caches = sorted(caches, key=lambda cache: cache.priority) if len(caches) > 1 else caches

    def substitute(self, paths: Sequence[str]) -> bool:
        """Make all of these valid; whether that worked. What was fetched before a failure stays."""
        for cache in self.caches:
            try:
                wanted = cache.closure(paths, self.store.is_valid)
                if wanted is None:
                    continue
                for narinfo in wanted:
                    cache.fetch(self.store, narinfo, self.keys)
                    self.listen(narinfo.info.path, cache.name)
            except (StoreError, OSError) as error:
                logger.warning("cannot substitute from %s: %s", cache.name, error)
                continue
            return True
        return False
