"""A world that writes down what its answers rest on."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from osconf.lang.values import from_latin, to_latin
from osconf.memo.evidence import Evidence

if TYPE_CHECKING:
    from osconf.lang.git import GitCheckout, GitRequest
    from osconf.lang.world import FileState, Keep, World
    from osconf.model.derivation import Derivation


class WatchedWorld:
    """Another world, of which every question goes into `evidence`: files before they are read.

    What is in the store never changes: that it is there is all the evidence there is for it.
    """

    def __init__(self, world: World, evidence: Evidence, ignored_variables: Collection[str]) -> None:
        self._world = world
        self._evidence = evidence
        self._ignored_variables = ignored_variables
        self._inside = f"{world.store_dir}/"
        self._written: set[str] = set()

    @property
    def store_dir(self) -> str:
        return self._world.store_dir

    @property
    def system(self) -> str:
        return self._world.system

    # Files

    def read_file(self, path: str) -> bytes:
        if self._is_stored(path):
            return self._world.read_file(path)
        place = from_latin(path)
        stamp = self._evidence.content(place)
        data = self._world.read_file(path)
        if stamp is None or not stat.S_ISREG(stamp[0]) or stamp[1] != len(data):
            # A pipe, a device, or a file that the kernel makes up, whose times say nothing.
            self._evidence.object(f"{place} is no ordinary file")
        return data

    def path_kind(self, path: str) -> str | None:
        if not self._is_stored(path):
            self._evidence.kind(from_latin(path))
        return self._world.path_kind(path)

    def read_dir(self, path: str) -> dict[str, str]:
        if not self._is_stored(path):
            self._evidence.content(from_latin(path))
        return self._world.read_dir(path)

    def resolve_symlinks(self, path: str) -> str:
        found = self._world.resolve_symlinks(path)
        if not self._is_stored(path):
            self._evidence.resolved(from_latin(path), from_latin(found))
        return found

    def file_state(self, path: str) -> FileState:
        if not self._is_stored(path):
            self._evidence.entry(from_latin(path))
        return self._world.file_state(path)

    def newest_change(self, path: str) -> int | None:
        if not self._is_stored(path):
            self._evidence.tree(from_latin(path))
        return self._world.newest_change(path)

    # What is not a file

    def env(self, name: str) -> str:
        if from_latin(name) in self._ignored_variables:
            self._evidence.object(f"${from_latin(name)} is asked for")
        return self._world.env(name)

    def now(self) -> int:
        self._evidence.object("the time is asked for")
        return self._world.now()

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        path = self._world.fetch_url(url, name=name, unpack=unpack, expected=expected)
        if expected is None:
            self._evidence.object(f"{from_latin(url)} may give something else")
        self._is_stored(path)
        return path

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        self._evidence.object(f"{from_latin(request.url)} may give something else")
        return self._world.fetch_git(request)

    def trace(self, text: str) -> None:
        self._evidence.object("something is said on the way")
        self._world.trace(text)

    def warn(self, text: str) -> None:
        self._evidence.object("something is said on the way")
        self._world.warn(text)

    # The store

    def add_text(self, name: str, data: bytes, references: Collection[str]) -> str:
        return self._world.add_text(name, data, references)

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
        if not self._is_stored(path):
            place = from_latin(path)
            if not recursive:
                self._evidence.content(place)
            elif keep is None:
                self._evidence.tree(place)
            else:
                keep = self._watch_filter(place, keep)
        return self._world.add_path(path, name, recursive=recursive, algorithm=algorithm, keep=keep, expected=expected)

    def _watch_filter(self, place: str, keep: Keep) -> Keep:
        """The same filter; what it lets through is looked at before it is read, the rest does not count."""
        self._evidence.entry(place)

        def watched(below: str, kind: str) -> bool:
            is_kept = keep(below, kind)
            if is_kept:
                self._evidence.entry(f"{place}/{from_latin(below)}")
            return is_kept

        return watched

    def write_derivation(self, derivation: Derivation) -> str:
        path = self._world.write_derivation(derivation)
        self._written.add(path)
        return path

    def read_derivation(self, path: str) -> Derivation:
        if path not in self._written:
            self._is_stored(path)
        return self._world.read_derivation(path)

    def builder_environment(self, name: str, builder: str, context: Collection[str]) -> str | None:
        return self._world.builder_environment(name, builder, context)

    def is_valid(self, path: str) -> bool:
        found = self._world.is_valid(path)
        if found:
            self._evidence.valid(from_latin(path))
        else:
            self._evidence.object(f"{from_latin(path)} is not there")
        return found

    def realise(self, context: Iterable[str]) -> None:
        context = tuple(context)
        self._world.realise(context)
        for element in context:
            if element.startswith("!"):
                _, output, drv = element.split("!", 2)
                self._is_stored(to_latin(self.read_derivation(drv).output_path(output)))
            else:
                self._is_stored(element)

    def references(self, path: str) -> Collection[str]:
        self._is_stored(path)
        return self._world.references(path)

    def nar_hash(self, path: str) -> str:
        self._is_stored(path)
        return self._world.nar_hash(path)

    def _is_stored(self, path: str) -> bool:
        """Whether a path is in the store, where the store path that it is in has to be."""
        if not path.startswith(self._inside):
            return False
        name = path[len(self._inside) :].partition("/")[0]
        self._evidence.valid(from_latin(self._inside + name))
        return True
