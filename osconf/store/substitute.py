"""Substitution: making paths valid by fetching them, with what they refer to, from binary caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from osconf.errors import StoreError
from osconf.log import logger
from osconf.store.binary_cache import BinaryCache, NotTrusted, check_trust, open_cache
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
        self.distrusted: set[tuple[str, str]] = set()
        self.found: dict[str, list[str]] = {}
        self.keys = parse_public_keys(trusted_keys)
        caches: list[BinaryCache] = [open_cache(address, store.store_dir) for address in addresses]
        self.caches = sorted(caches, key=lambda cache: cache.priority) if len(caches) > 1 else caches

    def ask(self, paths: Sequence[str]) -> None:
        """Ask every cache for all of these at once, so that the single questions that follow cost no round trip."""
        for cache in self.caches:
            try:
                cache.query_many(paths)
            except (StoreError, OSError) as error:
                self._complain(cache, error)

    def is_available(self, paths: Sequence[str]) -> bool:
        """Whether one cache has all of these, with what they refer to, signed; `fetch_found` then fetches them."""
        for cache in self.caches:
            try:
                wanted = cache.closure(paths, self.store.is_valid)
                if wanted is None:
                    continue
                for narinfo in wanted:
                    check_trust(narinfo.info, self.keys, self.store.store_dir, cache.name)
            except (StoreError, OSError) as error:
                self._complain(cache, error)
                continue
            self.found.setdefault(cache.name, []).extend(paths)
            return True
        return False

    def fetch_found(self) -> None:
        """Fetch together what was found available; what fails is left to `substitute`."""
        for cache in self.caches:
            if found := self.found.pop(cache.name, None):
                try:
                    wanted = cache.closure(found, self.store.is_valid) or []
                    cache.fetch_all(self.store, wanted, self.keys, partial(self._fetched, cache))
                except (StoreError, OSError) as error:
                    self._complain(cache, error)

    def substitute(self, paths: Sequence[str]) -> bool:
        """Make all of these valid; whether that worked. What was fetched before a failure stays."""
        for cache in self.caches:
            try:
                wanted = cache.closure(paths, self.store.is_valid)
                if wanted is None:
                    continue
                cache.fetch_all(self.store, wanted, self.keys, partial(self._fetched, cache))
            except (StoreError, OSError) as error:
                self._complain(cache, error)
                continue
            return True
        return False

    def _fetched(self, cache: BinaryCache, path: str) -> None:
        self.listen(path, cache.name)

    def _complain(self, cache: BinaryCache, error: StoreError | OSError) -> None:
        """Warn; of a cache that nobody trusted signs for once."""
        if isinstance(error, NotTrusted):
            if (cache.name, error.signers) in self.distrusted:
                return
            self.distrusted.add((cache.name, error.signers))
        hint = getattr(error, "hint", None)
        logger.warning("cannot substitute from %s: %s%s", cache.name, error, f"; {hint}" if hint else "")
