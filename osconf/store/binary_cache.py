"""Binary caches: directories or web servers of `.narinfo` files and compressed archives, as Nix knows them.

`BinaryCache` reads (file and http); `FileCache` also writes. Trust is checked here: a path is taken from a cache only
when a trusted key signed it or its content proves its name.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import lzma
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import zstandard

from osconf.errors import StoreError
from osconf.log import logger
from osconf.model.hashes import hash_file
from osconf.model.nar import BadArchive, dump_path
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import HASH_LENGTH, make_fixed_output_path
from osconf.store.canonical import explaining, sync_file, write_file_atomically
from osconf.store.interface import Store
from osconf.store.narinfo import BadNarInfo, NarInfo, parse_narinfo
from osconf.store.signing import PublicKeys, SecretKey, is_signed

_CACHE_INFO = "nix-cache-info"


class NotTrusted(StoreError):
    """A cache has a path, but nobody we trust vouches for it."""

    code = "not-trusted"


class Transport(Protocol):
    """Reads files of a cache by their relative names."""

    name: str

    def read_small(self, name: str) -> bytes | None:
        """The content of a small file; None when it is not there or the cache cannot be reached."""

    def open(self, name: str) -> BinaryIO:
        """A stream of a large file."""


class FileTransport:
    """A cache in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = f"file://{directory}"

    def read_small(self, name: str) -> bytes | None:
        """See `Transport.read_small`."""
        try:
            return (self.directory / name).read_bytes()
        except OSError:
            return None

    def open(self, name: str) -> BinaryIO:
        """See `Transport.open`."""
        place = (self.directory / name).resolve()
        if not place.is_relative_to(self.directory.resolve()):
            raise BadNarInfo(f"the cache '{self.name}' names a file outside of itself: '{name}'")
        return place.open("rb")


class HttpTransport:
    """A cache behind a web server; when it cannot be reached it has nothing."""

    def __init__(self, url: str, *, timeout: float = 15) -> None:
        import urllib3

        self.name = url.rstrip("/")
        self.pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout, read=60), retries=urllib3.Retry(total=2, backoff_factor=0.3)
        )
        self.errors: tuple[type[Exception], ...] = (urllib3.exceptions.HTTPError, OSError)
        self.reachable = True

    def read_small(self, name: str) -> bytes | None:
        """See `Transport.read_small`."""
        if not self.reachable:
            return None
        try:
            response = self.pool.request("GET", f"{self.name}/{name}")
        except self.errors as error:
            logger.warning("the binary cache %s cannot be reached: %s", self.name, error)
            self.reachable = False
            return None
        return response.data if response.status == 200 else None

    def open(self, name: str) -> BinaryIO:
        """See `Transport.open`."""
        response = self.pool.request("GET", f"{self.name}/{name}", preload_content=False)
        if response.status != 200:
            response.release_conn()
            raise StoreError(f"'{self.name}/{name}' cannot be fetched: the server answers {response.status}")
        return cast(BinaryIO, response)


def open_cache(url: str, store_dir: str) -> BinaryCache:
    """The cache at a `file://`, `http://` or `https://` address, or in a directory."""
    if url.startswith(("http://", "https://")):
        return BinaryCache(HttpTransport(url), store_dir)
    if "://" in url and not url.startswith("file://"):
        raise StoreError(f"'{url}' is not a binary cache", hint="use file://, http:// or https://")
    return FileCache(Path(url.removeprefix("file://")).absolute(), store_dir)


class BinaryCache:
    """A cache to read from."""

    def __init__(self, transport: Transport, store_dir: str) -> None:
        self.transport = transport
        self.store_dir = store_dir
        self._known: dict[str, NarInfo | None] = {}
        self._usable: bool | None = None

    @property
    def name(self) -> str:
        """The address."""
        return self.transport.name

    @property
    def priority(self) -> int:
        """What the cache says of its place among others; lower is asked first."""
        return int(self._cache_info().get("Priority", "50"))

    def _cache_info(self) -> dict[str, str]:
        data = self.transport.read_small(_CACHE_INFO) or b""
        lines = (line.partition(": ") for line in data.decode("utf-8", "replace").splitlines())
        return {key: value for key, _, value in lines}

    def _is_usable(self) -> bool:
        if self._usable is None:
            directory = self._cache_info().get("StoreDir", self.store_dir)
            self._usable = directory == self.store_dir
            if not self._usable:
                logger.warning("the binary cache %s is for stores at %s", self.name, directory)
        return self._usable

    def query(self, path: str) -> NarInfo | None:
        """What the cache has for a path; None when it has nothing. Raises `BadNarInfo` when it lies."""
        if path not in self._known:
            self._known[path] = self._fetch_narinfo(path) if self._is_usable() else None
        return self._known[path]

    def _fetch_narinfo(self, path: str) -> NarInfo | None:
        name = f"{path.rpartition('/')[2][:HASH_LENGTH]}.narinfo"
        data = self.transport.read_small(name)
        if data is None:
            return None
        found = parse_narinfo(data.decode("utf-8", "replace"), self.store_dir, f"{self.name}/{name}")
        if found.info.path != path:
            raise BadNarInfo(f"'{self.name}/{name}' is about '{found.info.path}', not '{path}'")
        return found

    def closure(self, paths: Iterable[str], have: Callable[[str], bool]) -> list[NarInfo] | None:
        """What must be fetched for these paths, references first; None when something of it is missing here.

        Paths that we `have` are left out with what they refer to.
        """
        found: dict[str, NarInfo] = {}
        ordered: list[NarInfo] = []
        stack = [(path, False) for path in paths]
        while stack:
            path, is_done = stack.pop()
            if is_done:
                ordered.append(found[path])
                continue
            if path in found or have(path):
                continue
            narinfo = self.query(path)
            if narinfo is None:
                return None
            found[path] = narinfo
            stack.append((path, True))
            stack.extend((reference, False) for reference in sorted(narinfo.info.references) if reference != path)
        return ordered

    def fetch(self, store: Store, narinfo: NarInfo, keys: PublicKeys) -> None:
        """Copy one path, whose references are valid, into the store. Its hash and its signature are checked."""
        check_trust(narinfo.info, keys, store.store_dir, self.name)
        path = narinfo.info.path
        store.add_temp_root(path)
        if store.is_valid(path):
            return
        with explaining(f"fetch '{path}'"):
            try:
                with self.transport.open(narinfo.url) as raw, _decompress(raw, narinfo.compression) as stream:
                    store.import_archive(narinfo.info, stream, origin=self.name)
            except (zstandard.ZstdError, lzma.LZMAError, EOFError) as error:
                raise BadArchive(f"the archive of '{path}' from '{self.name}' is damaged: {error}") from error


class FileCache(BinaryCache):
    """A cache in a directory, to read and to write."""

    def __init__(self, directory: Path, store_dir: str) -> None:
        super().__init__(FileTransport(directory), store_dir)
        self.directory = directory

    def create(self, *, priority: int = 40) -> None:
        """Make the directory a cache, unless it is one."""
        (self.directory / "nar").mkdir(parents=True, exist_ok=True)
        info = self.directory / _CACHE_INFO
        if not info.exists():
            text = f"StoreDir: {self.store_dir}\nWantMassQuery: 1\nPriority: {priority}\n"
            write_file_atomically(info, text.encode())

    def add(self, store: Store, path: str, *, key: SecretKey | None = None, compression: str = "zstd") -> NarInfo:
        """Write one path; what it refers to should be there already. Signed with `key`, or as the store has it."""
        with explaining(f"write '{path}' to the binary cache '{self.directory}'"):
            self.create()
            known = self.query(path)
            if known is not None:
                return known
            info = store.query_path_info(path)
            if key is not None:
                info = sign_info(info, key)
            temporary = self.directory / "nar" / f".{path.rpartition('/')[2]}"
            try:
                with temporary.open("wb") as file:
                    _compress_archive(store, info, file, compression)
                file_hash = hash_file("sha256", temporary)
                url = f"nar/{file_hash.base32()}.nar{_SUFFIXES[compression]}"
                size = temporary.stat().st_size
                # The narinfo promises this file: after a power cut it must not be there alone.
                sync_file(temporary)
                temporary.replace(self.directory / url)
            finally:
                temporary.unlink(missing_ok=True)
            narinfo = NarInfo(info, url, compression, file_hash, size)
            name = f"{path.rpartition('/')[2][:HASH_LENGTH]}.narinfo"
            write_file_atomically(self.directory / name, narinfo.render().encode())
        self._known[path] = narinfo
        return narinfo


def sign_info(info: PathInfo, key: SecretKey) -> PathInfo:
    """The same information with a signature of `key`."""
    signatures = {*info.signatures, key.sign(info.fingerprint())}
    return PathInfo(**{**info.__dict__, "signatures": tuple(sorted(signatures))})


def check_trust(info: PathInfo, keys: PublicKeys, store_dir: str, origin: str) -> None:
    """Raise `NotTrusted` unless a trusted key signed this, or the content address proves the path's name."""
    if is_signed(info, keys) or _proves_itself(info, store_dir):
        return
    signers = ", ".join(sorted({signature.partition(":")[0] for signature in info.signatures})) or "nobody"
    raise NotTrusted(
        f"'{info.path}' from '{origin}' is signed by {signers}, whom you do not trust",
        hint="add the cache's public key to the trusted keys",
    )


def _proves_itself(info: PathInfo, store_dir: str) -> bool:
    """Whether the path's name follows from its archive's hash, which is compared when it is fetched.

    True for recursive sha256 content: of other kinds the archive's hash says nothing about the name.
    """
    if info.content_address != fixed_content_address(info.nar_hash, True):
        return False
    name = info.path.rpartition("/")[2][HASH_LENGTH + 1 :]
    return info.path == make_fixed_output_path(name, info.nar_hash, True, info.references - {info.path}, store_dir)


_SUFFIXES = {"none": "", "zstd": ".zst", "xz": ".xz"}


def _compress_archive(store: Store, info: PathInfo, file: BinaryIO, compression: str) -> None:
    hasher = hashlib.sha256()
    writer: Any
    if compression == "zstd":
        writer = zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)
    elif compression == "xz":
        writer = lzma.LZMAFile(file, "wb", preset=1)  # noqa: SIM115 - closed below, like the others
    elif compression == "none":
        writer = io.BufferedWriter(cast(io.RawIOBase, file))
    else:
        raise StoreError(f"unknown compression '{compression}'", hint=f"known are {', '.join(_SUFFIXES)}")

    def take(data: bytes | memoryview) -> None:
        hasher.update(data)
        writer.write(data)

    dump_path(store.real_path(info.path), take)
    if compression == "none":
        writer.flush()
        writer.detach()
    else:
        writer.close()
    if hasher.digest() != info.nar_hash.digest:
        raise BadArchive(f"path '{info.path}' is damaged", hint="see 'osconf store verify --check-contents'")


def _decompress(raw: BinaryIO, compression: str) -> Any:
    if compression == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    if compression == "xz":
        return lzma.open(raw)
    if compression == "bzip2":
        return bz2.open(raw)
    if compression in ("none", ""):
        return io.BufferedReader(cast(io.RawIOBase, raw)) if not isinstance(raw, io.BufferedReader) else raw
    raise BadNarInfo(f"unknown compression '{compression}'")
