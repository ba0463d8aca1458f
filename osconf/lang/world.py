"""What the evaluator may ask of the world, as one injected Protocol, and `PureWorld`, which never writes.

Every `str` that crosses this border is a string of the language (bytes as latin-1); a World converts with
`values.from_latin` when it touches the operating system. Paths are absolute and canonical. A path that does not exist
is a `FileNotFoundError`, other refusals of the operating system are `OSError`: the evaluator explains them.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, NoReturn, Protocol

from osconf.errors import EvalError, StoreError
from osconf.lang.values import from_latin, to_latin

if TYPE_CHECKING:
    from osconf.lang.git import GitCheckout, GitRequest
    from osconf.model.derivation import Derivation

Keep = Callable[[str, str], bool]
"""A filter of paths to copy: (path relative to the source, kind) -> keep it?"""


FileState = tuple[int, int, int, int]
"""Inode, size, and when content and inode were last changed, in nanoseconds."""


def file_state(path: str) -> FileState:
    """The state of a file; `FileNotFoundError` for what is none, a symlink too."""
    status = os.lstat(from_latin(path))
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(path)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def filter_of_files(keep: Keep | None) -> Keep | None:
    """The same filter, asked with the names that the operating system gives."""
    return None if keep is None else lambda below, kind: keep(to_latin(below), kind)


class World(Protocol):
    """Files, environment, clock and store, as the language sees them."""

    @property
    def store_dir(self) -> str:
        """The logical store directory, such as `/osconf/store`."""
        ...

    @property
    def system(self) -> str:
        """The platform, such as `x86_64-linux`."""
        ...

    def read_file(self, path: str) -> bytes:
        """The content of a file (symlinks followed)."""
        ...

    def path_kind(self, path: str) -> str | None:
        """`regular`, `directory`, `symlink` (not followed) or `unknown`; None when nothing is there."""
        ...

    def read_dir(self, path: str) -> dict[str, str]:
        """Name to kind of each entry of a directory (the directory's own symlink is followed)."""
        ...

    def resolve_symlinks(self, path: str) -> str:
        """The path with every symlink followed; parts that do not exist are kept."""
        ...

    def env(self, name: str) -> str:
        """An environment variable; empty when unset."""
        ...

    def now(self) -> int:
        """Seconds since 1970."""
        ...

    def add_text(self, name: str, data: bytes, references: Collection[str]) -> str:
        """Put a text into the store; its store path."""
        ...

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
        """Copy a file or tree into the store; its store path. `expected` is a hash that it must have."""
        ...

    def write_derivation(self, derivation: Derivation) -> str:
        """Put a derivation into the store; the path of the `.drv`."""
        ...

    def read_derivation(self, path: str) -> Derivation:
        """The derivation that a `.drv` holds."""
        ...

    def builder_environment(self, name: str, builder: str, context: Collection[str]) -> str | None:
        """The environment that a derivation of this name needs to run its builder; None when it needs none.

        `context` are the elements of all its strings; the answer is a string with its own.
        """
        ...

    def is_valid(self, path: str) -> bool:
        """Whether a store path is there."""
        ...

    def realise(self, context: Iterable[str]) -> None:
        """Build what a string context asks for, so that its files can be read (import from derivation)."""
        ...

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        """Download (and unpack) into the store; its store path. `expected` is the hash it must have."""
        ...

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        """Check a git repository out into the store."""
        ...

    def file_state(self, path: str) -> FileState:
        """What tells whether a file (no symlink) was changed since it was last looked at."""
        ...

    def newest_change(self, path: str) -> int | None:
        """When the newest file of a tree was changed: below a path, or in the archive that a store path was."""
        ...

    def references(self, path: str) -> Collection[str]:
        """The store paths that the store path at or above `path` refers to."""
        ...

    def nar_hash(self, path: str) -> str:
        """The hash of a store path's archive, as `sha256-…`."""
        ...

    def trace(self, text: str) -> None:
        """Say what `builtins.trace` says."""
        ...

    def warn(self, text: str) -> None:
        """Say what `builtins.warn` says."""
        ...


_KINDS = ((stat.S_ISREG, "regular"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "symlink"))


def kind_of_mode(mode: int) -> str:
    """The language's word for a kind of file."""
    for test, kind in _KINDS:
        if test(mode):
            return kind
    return "unknown"


class PureWorld:
    """Reads files, computes store paths by hashing, writes nothing: the world of `osconf eval`.

    Derivations are kept in memory so that later ones can depend on them.
    """

    def __init__(
        self,
        store_dir: str = "/osconf/store",
        *,
        system: str | None = None,
        environment: Callable[[str], str] | None = None,
    ) -> None:
        self._store_dir = store_dir
        self._system = system or f"{os.uname().machine}-{sys.platform}"
        self._environment = environment or (lambda _name: "")
        self._derivations: dict[str, Derivation] = {}
        self._texts: dict[str, bytes] = {}
        self._paths: set[str] = set()
        self._references: dict[str, frozenset[str]] = {}
        self._nar_hashes: dict[str, str] = {}

    @property
    def store_dir(self) -> str:
        return self._store_dir

    @property
    def system(self) -> str:
        return self._system

    def read_file(self, path: str) -> bytes:
        text = self._texts.get(path)
        return FilePath(from_latin(path)).read_bytes() if text is None else text

    def path_kind(self, path: str) -> str | None:
        if path in self._texts:
            return "regular"
        try:
            return kind_of_mode(os.lstat(from_latin(path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_dir(self, path: str) -> dict[str, str]:
        from osconf.model.nar import entry_kind

        # The folder itself says what its entries are: one that goes away meanwhile is no error.
        with os.scandir(from_latin(path)) as entries:
            return {to_latin(entry.name): entry_kind(entry) for entry in entries}

    def resolve_symlinks(self, path: str) -> str:
        return path if path in self._texts else to_latin(os.path.realpath(from_latin(path)))

    def env(self, name: str) -> str:
        return to_latin(self._environment(from_latin(name)))

    def now(self) -> int:
        return int(time.time())

    def add_text(self, name: str, data: bytes, references: Collection[str]) -> str:
        from osconf.model.hashes import hash_bytes
        from osconf.model.store_path import make_text_path

        path = make_text_path(from_latin(name), hash_bytes("sha256", data), references, self._store_dir)
        self._texts[path] = data
        self._references[path] = frozenset(references)
        self._paths.add(path)
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
        from osconf.model.hashes import Hash, hash_file
        from osconf.model.nar import hash_path
        from osconf.model.store_path import make_fixed_output_path

        source = FilePath(from_latin(path))
        kept = filter_of_files(keep)
        digest = hash_path(source, algorithm, kept)[0] if recursive else hash_file(algorithm, source)
        if expected is not None and Hash.parse(expected, algorithm) != digest:
            raise StoreError(
                f"store path mismatch in (possibly filtered) path added from '{from_latin(path)}'\n"
                f"its hash is {digest.sri()}, not {expected}",
                code="hash-mismatch",
            )
        result = make_fixed_output_path(from_latin(name), digest, recursive, (), self._store_dir)
        if recursive and algorithm == "sha256":
            self._nar_hashes[result] = digest.sri()
        self._paths.add(result)
        return result

    def write_derivation(self, derivation: Derivation) -> str:
        from osconf.model.derivation import derivation_path, serialize

        path = derivation_path(derivation, derivation.name, self._store_dir)
        self._derivations[path] = derivation
        self._texts[path] = serialize(derivation)
        self._references[path] = derivation.references()
        self._paths.add(path)
        return path

    def unreferenced(self) -> set[str]:
        """What was added, without what something else that was added refers to."""
        return self._paths.difference(*self._references.values())

    def builder_environment(self, name: str, builder: str, context: Collection[str]) -> str | None:
        return None

    def read_derivation(self, path: str) -> Derivation:
        found = self._derivations.get(path)
        if found is None:
            from osconf.model.derivation import parse

            found = self._derivations[path] = parse(self.read_file(path))
        return found

    def is_valid(self, path: str) -> bool:
        return path in self._paths

    def realise(self, context: Iterable[str]) -> None:
        for element in context:
            if element.startswith("!"):
                raise EvalError(
                    f"cannot build '{element.split('!', 2)[2]}' during a pure evaluation",
                    code="build-during-evaluation",
                    hint="import from derivation needs the store: use a command that builds",
                )

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        return self._refuse_fetch(url)

    @staticmethod
    def _refuse_fetch(url: str) -> NoReturn:
        raise EvalError(f"cannot fetch '{from_latin(url)}' in an evaluation without a store", code="fetch-refused")

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        return self._refuse_fetch(request.url)

    def file_state(self, path: str) -> FileState:
        return file_state(path)

    def newest_change(self, path: str) -> int | None:
        top = FilePath(from_latin(path))
        below = top.rglob("*") if top.is_dir() and not top.is_symlink() else ()
        return max(int(place.lstat().st_mtime) for place in (top, *below))

    def references(self, path: str) -> Collection[str]:
        top = "/".join(path.split("/")[: self._store_dir.count("/") + 2])
        return self._references.get(top, frozenset())

    def nar_hash(self, path: str) -> str:
        found = self._nar_hashes.get(path)
        if found is None:
            from osconf.model.nar import hash_path

            found = self._nar_hashes[path] = hash_path(FilePath(from_latin(path)))[0].sri()
        return found

    def trace(self, text: str) -> None:
        sys.stderr.write(f"trace: {from_latin(text)}\n")

    def warn(self, text: str) -> None:
        sys.stderr.write(f"evaluation warning: {from_latin(text)}\n")
