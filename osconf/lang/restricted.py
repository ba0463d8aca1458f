"""The worlds of pure and of restricted evaluation: files outside the allowed places cannot be read, no variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from osconf.errors import EvalError
from osconf.lang.search_path import TREE, is_address
from osconf.lang.values import from_latin

if TYPE_CHECKING:
    from osconf.lang.git import GitCheckout, GitRequest
    from osconf.lang.world import World

_READING_METHODS = frozenset(("read_file", "read_dir"))
_PATH_METHODS = frozenset(("read_file", "path_kind", "read_dir", "resolve_symlinks", "add_path", "newest_change"))


def restrict(
    world: World,
    is_pure: bool,
    is_restricted: bool,
    search_path: Sequence[tuple[str, str]],
    allowed_uris: Sequence[str] = (),
) -> World:
    """The world as `--pure-eval` or `--restrict-eval` lets an evaluation see it."""
    if is_pure:
        return cast("World", PureView(world, (TREE,)))
    if is_restricted:
        places = [place for _, place in search_path if not is_address(place)]
        return cast("World", RestrictedView(world, (TREE, *places), allowed_uris))
    return world


class LimitedView:
    """Another world, asked about the store and allowed places only."""

    mode = ""
    hint = ""

    def __init__(self, world: World, allowed: Sequence[str]) -> None:
        self._world = world
        self._allowed = [place.rstrip("/") for place in (world.store_dir, *allowed)]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._world, name)
        if name not in _PATH_METHODS:
            return method

        def ask(path: str, *arguments: Any, **options: Any) -> Any:
            self._check(path)
            if name in _READING_METHODS:
                # A link inside the store may lead out of it.
                self._check(self._world.resolve_symlinks(path))
            return method(path, *arguments, **options)

        return ask

    def env(self, name: str) -> str:
        """Every variable is unset."""
        return ""

    def _check(self, path: str) -> None:
        if not any(path == place or path.startswith(f"{place}/") for place in self._allowed):
            raise EvalError(
                f"access to absolute path '{from_latin(path)}' is forbidden in {self.mode}",
                code="impure",
                hint=self.hint,
            )


class PureView(LimitedView):
    """The world of a pure evaluation: what is fetched must be known by its hash."""

    mode = "pure evaluation mode"
    hint = "leave --pure-eval out, or bring the file into the store"


class RestrictedView(LimitedView):
    """The world of a restricted evaluation: the search path can be read, and fetched what was allowed."""

    mode = "restricted mode"
    hint = "leave --restrict-eval out, or allow the place with -I"

    def __init__(self, world: World, allowed: Sequence[str], allowed_uris: Sequence[str]) -> None:
        super().__init__(world, (*allowed, *(world.resolve_symlinks(place) for place in allowed)))
        self._allowed_uris = allowed_uris

    def fetch_url(self, url: str, **options: Any) -> str:
        """Fetch from what was allowed."""
        self._check_uri(url)
        return self._world.fetch_url(url, **options)

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        """Fetch from what was allowed."""
        self._check_uri(request.url)
        return self._world.fetch_git(request)

    def _check_uri(self, uri: str) -> None:
        if not any(is_allowed_uri(uri, allowed) for allowed in self._allowed_uris):
            raise EvalError(
                f"access to URI '{from_latin(uri)}' is forbidden in {self.mode}",
                code="impure",
                hint="leave --restrict-eval out, or allow the address with --allowed-uris",
            )


def is_allowed_uri(uri: str, allowed: str) -> bool:
    """Whether an address is an allowed one or below it: `https://a.b` does not allow `https://a.bc`."""
    if uri == allowed:
        return True
    return bool(allowed) and uri.startswith(allowed) and (allowed[-1] in "/:" or uri[len(allowed)] == "/")
