"""Binary caches: directories or web servers of `.narinfo` files and compressed archives, as Nix knows them.

`BinaryCache` reads (file and http); `FileCache` also writes. Trust is checked here: a path is taken from a cache only
when a trusted key signed it or its content proves its name.
"""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from osconf.errors import StoreError
from osconf.log import logger
from osconf.model.hashes import hash_file
from osconf.model.nar import BadArchive
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import HASH_LENGTH
from osconf.store.canonical import explaining, sync_file, write_file_atomically
from osconf.store.claims import names_itself, proven
from osconf.store.closure import order_references_first
from osconf.store.compression import DAMAGED, READABLE, SUFFIXES, open_packed, open_unpacked
from osconf.store.interface import Store
from osconf.store.narinfo import BadNarInfo, NarInfo, parse_narinfo
from osconf.store.signing import PublicKeys, SecretKey, is_signed
from osconf.store.transports import FileTransport, HttpTransport, Transport

_CACHE_INFO = "nix-cache-info"
_SMALL_ARCHIVE = 4 << 20
_AHEAD = 24
_PRIORITY = 50
_LONGEST_LOG = 256 << 20


class NotTrusted(StoreError):
    """A cache has a path, but nobody we trust vouches for it."""

    code = "not-trusted"

    def __init__(self, path: str, origin: str, signers: Iterable[str], trusted: Iterable[str]) -> None:
        self.signers = ", ".join(sorted(set(signers)))
        wrong = ", ".join(sorted(set(signers) & set(trusted)))
        hint = "add the cache's public key: '--trusted-key NAME:KEY', or 'trusted-public-keys' in the settings"
        if wrong:
            # Once per path, not per signer: others of the same cache may be sound.
            self.signers += f" for {path}"
            reason = f"has a signature of {wrong} that does not fit"
            hint = "what the cache says of it was changed after it was signed, or another key has this name"
        elif self.signers:
            reason = f"is signed by {self.signers}, whom you do not trust"
        else:
            reason = "is signed by nobody"
        super().__init__(f"'{path}' from '{origin}' {reason}", hint=hint)


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
        text = self._cache_info.get("Priority", "")
        return int(text) if text.isdecimal() else _PRIORITY

    @cached_property
    def _cache_info(self) -> dict[str, str]:
        data = self.transport.read_small(_CACHE_INFO) or b""
        lines = (line.partition(": ") for line in data.decode("utf-8", "replace").splitlines())
        return {key: value for key, _, value in lines}

    def _is_usable(self) -> bool:
        if self._usable is None:
            directory = self._cache_info.get("StoreDir", self.store_dir)
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

    def query_many(self, paths: Sequence[str]) -> list[NarInfo | None]:
        """What the cache has for each path, asked for at once where answers take time."""
        parallel = min(self.transport.parallel, len(paths))
        if parallel <= 1 or not self._is_usable():
            return [self.query(path) for path in paths]
        with ThreadPoolExecutor(parallel, thread_name_prefix="narinfo") as pool:
            return list(pool.map(self.query, paths))

    def read_log(self, drv_path: str) -> bytes | None:
        """What the cache has of the log of a derivation's build."""
        return self.transport.read_small(_log_name(drv_path), most=_LONGEST_LOG) if self._is_usable() else None

    def closure(self, paths: Iterable[str], have: Callable[[str], bool]) -> list[NarInfo] | None:
        """What must be fetched for these paths, references first; None when something of it is missing here.

        Paths that we `have` are left out with what they refer to. As many rounds of questions as the closure is deep.
        """
        found: dict[str, NarInfo] = {}
        wanted = set(paths)
        while wanted:
            asked = sorted(path for path in wanted if not have(path))
            wanted = set()
            for path, narinfo in zip(asked, self.query_many(asked), strict=True):
                if narinfo is None:
                    return None
                found[path] = narinfo
                wanted |= narinfo.info.references
            wanted -= found.keys()
        edges = {path: narinfo.info.references - {path} for path, narinfo in found.items()}
        return [found[path] for path in order_references_first(edges)]

    def fetch(self, store: Store, narinfo: NarInfo, keys: PublicKeys) -> None:
        """Copy one path, whose references are valid, into the store. Its hash and its signature are checked."""
        self.fetch_all(store, [narinfo], keys)

    def fetch_all(
        self,
        store: Store,
        narinfos: Sequence[NarInfo],
        keys: PublicKeys,
        listen: Callable[[str], object] = lambda _path: None,
    ) -> None:
        """Copy paths, references first, into the store; small archives are downloaded ahead of their turn."""
        for narinfo in narinfos:
            check_trust(narinfo.info, keys, store.store_dir, self.name)
            store.add_temp_root(narinfo.info.path)
        parallel = min(self.transport.parallel, len(narinfos))
        if parallel <= 1:
            for narinfo in narinfos:
                self._import(store, narinfo, None, keys)
                listen(narinfo.info.path)
            return
        left = iter(narinfos)
        queue: deque[tuple[NarInfo, Future[BinaryIO] | None]] = deque()
        with ThreadPoolExecutor(parallel, thread_name_prefix="fetch") as pool:
            try:
                while True:
                    while len(queue) < _AHEAD and (upcoming := next(left, None)) is not None:
                        is_small = upcoming.info.nar_size <= _SMALL_ARCHIVE
                        queue.append((upcoming, pool.submit(self._download, upcoming) if is_small else None))
                    if not queue:
                        break
                    narinfo, download = queue.popleft()
                    self._import(store, narinfo, download, keys)
                    listen(narinfo.info.path)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _download(self, narinfo: NarInfo) -> BinaryIO:
        """The packed archive in memory; packing makes nothing much larger, so more than that is not read."""
        with self.transport.open(narinfo.url) as raw:
            return io.BytesIO(raw.read(narinfo.info.nar_size + _SMALL_ARCHIVE))

    def _import(self, store: Store, narinfo: NarInfo, download: Future[BinaryIO] | None, keys: PublicKeys) -> None:
        info = narinfo.info
        path = info.path
        if store.is_valid(path):
            return
        if narinfo.compression not in READABLE:
            how = f"is packed with '{narinfo.compression}', which cannot be read"
            raise BadNarInfo(f"the archive of '{path}' from '{self.name}' {how}")
        with explaining(f"fetch '{path}'"):
            try:
                packed = self.transport.open(narinfo.url) if download is None else download.result()
                with ExitStack() as stack:
                    stream = stack.enter_context(open_unpacked(stack.enter_context(packed), narinfo.compression))
                    if _has_to_be_looked_at(info, keys, store.store_dir):
                        stream = stack.enter_context(proven(info, stream, store.store_dir, self.name))
                    store.import_archive(info, stream, origin=self.name)
            except DAMAGED as error:
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
                url = f"nar/{file_hash.base32()}.nar{SUFFIXES[compression]}"
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

    def add_log(self, drv_path: str, log: bytes) -> None:
        """Write the log of a derivation's build."""
        with explaining(f"write the log of '{drv_path}' to the binary cache '{self.directory}'"):
            self.create()
            place = self.directory / _log_name(drv_path)
            place.parent.mkdir(exist_ok=True)
            write_file_atomically(place, log)


def _log_name(drv_path: str) -> str:
    return f"log/{drv_path.rpartition('/')[2]}"


def sign_info(info: PathInfo, key: SecretKey) -> PathInfo:
    """The same information with a signature of `key`."""
    signatures = {*info.signatures, key.sign(info.fingerprint())}
    return PathInfo(**{**info.__dict__, "signatures": tuple(sorted(signatures))})


def check_trust(info: PathInfo, keys: PublicKeys, store_dir: str, origin: str) -> None:
    """Raise `NotTrusted` unless a trusted key signed this, or the content, to be looked at, can prove its name."""
    if is_signed(info, keys) or names_itself(info, store_dir):
        return
    raise NotTrusted(info.path, origin, [signature.partition(":")[0] for signature in info.signatures], keys)


def _has_to_be_looked_at(info: PathInfo, keys: PublicKeys, store_dir: str) -> bool:
    """Whether content alone can prove the name of a path that `check_trust` lets pass.

    The hash of the archive, which is compared anyway, does so for recursive sha256 content.
    """
    if not info.content_address:
        return False
    if info.content_address == fixed_content_address(info.nar_hash, True) and names_itself(info, store_dir):
        return False
    return not is_signed(info, keys)


def _compress_archive(store: Store, info: PathInfo, file: BinaryIO, compression: str) -> None:
    hasher = hashlib.sha256()
    writer = open_packed(file, compression)

    def take(data: bytes | memoryview) -> None:
        hasher.update(data)
        writer.write(data)

    store.dump_archive(info.path, take)
    writer.close()
    if hasher.digest() != info.nar_hash.digest:
        raise BadArchive(f"path '{info.path}' is damaged", hint="see 'osconf store verify --check-contents'")
