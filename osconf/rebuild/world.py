"""The world with a store: what an evaluation adds is collected, and written in one batch when it is first needed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.errors import StoreError
from osconf.lang.values import from_latin, to_latin
from osconf.lang.world import Keep, PureWorld, filter_of_files, kind_of_mode

if TYPE_CHECKING:
    from osconf.lang.git import GitCheckout, GitRequest
    from osconf.model.derivation import Derivation
    from osconf.store.interface import Store

VIEW_BUILDER = "builtin:package-view"

Realise = Callable[[list[str]], Mapping[str, Mapping[str, str]]]


class StoreWorld(PureWorld):
    """Computes store paths as `PureWorld` does; `commit` writes them, `realise` builds.

    Store paths are logical: files below the store directory are read where the store physically is.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        realise: Realise,
        *,
        store_dir: str,
        store_root: Path,
        environment: Callable[[str], str],
        fetch: Callable[[str, str, bool, str | None], str],
        fetch_git: Callable[[GitRequest], GitCheckout],
        fetched_time: Callable[[str], int | None],
    ) -> None:
        super().__init__(store_dir, environment=environment)
        self._open_store = open_store
        self._realise = realise
        self._fetch = fetch
        self._fetch_git = fetch_git
        self._fetched_time = fetched_time
        self._physical = "" if str(store_root) == "/" else str(store_root)
        # What has been computed and not written: store path -> how to write it.
        self._pending: dict[str, Callable[[Store], str]] = {}

    # Adding

    def add_text(self, name: str, data: bytes, references: Collection[str]) -> str:
        path = super().add_text(name, data, references)
        self._pending[path] = lambda store: store.add_text(name, data, tuple(references))
        return path

    def add_path(
        self,
        path: str,
        name: str,
        *,
        recursive: bool = True,
        algorithm: str = "sha256",
        keep: Keep | None = None,
        expected: str | None = None,
    ) -> str:
        physical = self._real(path)
        result = super().add_path(
            physical, name, recursive=recursive, algorithm=algorithm, keep=keep, expected=expected
        )
        source, kept = Path(from_latin(physical)), filter_of_files(keep)
        self._pending[result] = lambda store: store.add_path(
            source, name, recursive=recursive, algorithm=algorithm, keep=kept
        )
        return result

    def write_derivation(self, derivation: Derivation) -> str:
        path = super().write_derivation(derivation)
        self._pending[path] = lambda store: store.write_derivation(derivation)
        return path

    def commit(self) -> None:
        """Write everything that was computed and not written yet."""
        if not self._pending:
            return
        from osconf.store.local import LocalStore

        store = self._open_store()
        pending, self._pending = self._pending, {}
        # What is valid must still be so when something refers to it.
        if isinstance(store, LocalStore):
            store.add_temp_roots(pending)
        else:
            for path in pending:
                store.add_temp_root(path)
        valid = store.valid_among(pending)
        for path, write in pending.items():
            if path in valid:
                continue
            written = write(store)
            if written != path:
                raise StoreError(
                    f"{path} changed while it was being evaluated: its content now gives {written}",
                    code="source-changed",
                    hint="run the command again",
                )

    # Reading

    def is_valid(self, path: str) -> bool:
        return super().is_valid(path) or self._open_store().is_valid(path)

    def read_file(self, path: str) -> bytes:
        text = self._texts.get(path)
        return Path(from_latin(self._real(path))).read_bytes() if text is None else text

    def path_kind(self, path: str) -> str | None:
        if path in self._texts:
            return "regular"
        try:
            return kind_of_mode(Path(from_latin(self._real(path))).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_dir(self, path: str) -> dict[str, str]:
        return super().read_dir(self._real(path))

    def resolve_symlinks(self, path: str) -> str:
        if not self._in_store(path):
            return super().resolve_symlinks(path)
        # Links inside the store name logical paths: followed one by one, never by the operating system.
        for _ in range(40):
            parent, name = posixpath.split(path)
            if parent != "/":
                parent = self.resolve_symlinks(parent)
            path = posixpath.join(parent, name)
            physical = Path(from_latin(self._real(path)))
            if path in self._texts or not physical.is_symlink():
                return path
            path = posixpath.normpath(posixpath.join(parent, to_latin(str(physical.readlink()))))
        raise StoreError(f"too many symbolic links in {from_latin(path)}", code="symlink-loop")

    def read_derivation(self, path: str) -> Derivation:
        if path in self._derivations or path in self._texts:
            return super().read_derivation(path)
        return self._open_store().read_derivation(path)

    def builder_environment(self, name: str, builder: str, context: Collection[str]) -> str | None:
        """A builder in a package's view (`"${pkgs.bash}/bin/bash"`) is a link to /usr: it runs in an environment of all
        packages that the derivation names."""
        if not (self._in_store(builder) and any(self._is_view(element, builder) for element in context)):
            return None
        from osconf.lang.primops.registry import current
        from osconf.lang.runtime import coerce_to_string
        from osconf.lang.values import with_context

        evaluator = current()
        make = evaluator.eval_text("(import <osconf/pkgs> { }).mkEnvironment", base_dir="/", label="«osconf»")
        environment = evaluator.call(
            make,
            {
                "name": f"{name}-build-environment",
                "kind": "build",
                "context": with_context("", tuple(context)),
                "reason": to_latin(f"to build ‘{from_latin(name)}’"),
            },
        )
        return coerce_to_string(environment)

    def _is_view(self, element: str, program: str) -> bool:
        """Whether a context element is the package view that a program is in."""
        if not element.startswith("!"):
            return False
        _, output, path = element.split("!", 2)
        derivation = self.read_derivation(path)
        return derivation.builder == VIEW_BUILDER and program.startswith(derivation.output_path(output) + "/")

    # Building

    def realise(self, context: Iterable[str]) -> None:
        wanted = []
        is_missing = False
        for element in context:
            if element.startswith("!"):
                _, output, drv = element.split("!", 2)
                wanted.append(f"{drv}!{output}")
            elif element in self._pending:
                # A copy that was only computed is about to be read.
                is_missing = True
        if wanted or is_missing:
            self.commit()
        if wanted:
            self._realise(wanted)

    def references(self, path: str) -> Collection[str]:
        top = "/".join(path.split("/")[: self._store_dir.count("/") + 2])
        if top in self._paths:
            return super().references(path)
        return self._open_store().references(top)

    def nar_hash(self, path: str) -> str:
        if path in self._paths:
            return super().nar_hash(path)
        return self._open_store().query_path_info(path).nar_hash.sri()

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        return self._fetch_git(request)

    def newest_change(self, path: str) -> int | None:
        return self._fetched_time(path) if self._in_store(path) else super().newest_change(path)

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        return self._fetch(url, name, unpack, expected)

    # Below

    def _in_store(self, path: str) -> bool:
        return path.startswith(self._store_dir + "/")

    def _real(self, path: str) -> str:
        return to_latin(self._physical) + path if self._physical and self._in_store(path) else path
