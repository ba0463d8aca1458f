"""Binary caches behind web servers: few rounds of questions, bounded waits, broken connections."""

from __future__ import annotations

import http.server
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.model.nar import BadArchive
from osconf.store.binary_cache import BinaryCache, FileCache, open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.substitute import Substituter
from osconf.store.transports import HttpTransport
from tests.unit.build.conftest import Workbench

KEY = SecretKey.generate("cache-1")
KEYS = parse_public_keys([KEY.render_public()])
DELAY = 0.05


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a directory late, as over a long line; may break off archives."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.requests += 1
            self.server.active += 1
            self.server.most = max(self.server.most, self.server.active)
        time.sleep(self.server.delay)
        with self.server.lock:
            self.server.active -= 1
        data = self.translate(self.path)
        if data is None:
            self.send_error(404)
            return
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start and self.server.knows_ranges else 200)
        data = data[start:] if self.server.knows_ranges else data
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.server.breaks and self.path.startswith("/nar/"):
            self.server.breaks -= 1
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif self.server.trickles:
            with suppress(OSError):
                for byte in data * 100:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.2)
        else:
            self.wfile.write(data)

    def translate(self, path: str) -> bytes | None:
        file = self.server.directory / path.lstrip("/")
        return file.read_bytes() if file.is_file() else None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """What the handler does, and what it counted."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.directory = directory
        self.delay = 0.0
        self.breaks = 0
        self.knows_ranges = True
        self.trickles = False
        self.connections = 0
        self.requests = self.active = self.most = 0
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def cache(tmp_path: Path, store: LocalStore) -> FileCache:
    return FileCache(tmp_path / "cache", store.store_dir)


@pytest.fixture
def server(cache: FileCache) -> Iterator[Server]:
    with Server(cache.directory) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "target", durable=False) as opened:
        yield opened


def fill(store: LocalStore, cache: FileCache, count: int) -> str:
    """A closure whose paths refer to those before; its top."""
    paths: list[str] = []
    for number in range(count):
        references = paths[number // 2 : number // 2 + 3]
        paths.append(store.add_text(f"p{number}", " ".join([str(number), *references]).encode(), references))
    top = store.add_text("top", " ".join(paths).encode(), paths)
    for path in store.closure([top]):
        cache.add(store, path, key=KEY)
    return top


def test_a_closure_costs_few_rounds(store: LocalStore, cache: FileCache, server: Server, target: LocalStore) -> None:
    top = fill(store, cache, 300)
    server.delay = DELAY
    assert Substituter(target, [server.address], [KEY.render_public()]).substitute([top])
    assert server.requests >= 2 * 301
    assert server.connections < 100, "connections are kept"
    assert server.most >= 8, "requests run side by side"
    assert target.closure([top]) == store.closure([top])
    assert target.verify(check_contents=True).is_sound


def test_a_broken_download_is_taken_up(
    store: LocalStore, cache: FileCache, server: Server, target: LocalStore, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(bytes(range(256)) * 40_000)
    path = store.add_path(tmp_path / "big", "big")
    cache.add(store, path, key=KEY, compression="none")
    reader = open_cache(server.address, store.store_dir)
    server.breaks = 1
    reader.fetch(target, reader.query(path), KEYS)
    assert target.is_valid(path)
    server.breaks = 5
    target.flush()
    target.delete([path], ignore_liveness=True)
    with pytest.raises((StoreError, BadArchive)):
        reader.fetch(target, reader.query(path), KEYS)
    assert not target.is_valid(path)
    assert list(target.layout.temporary.iterdir()) == []
    server.breaks, server.knows_ranges = 1, False
    reader.fetch(target, reader.query(path), KEYS)
    assert target.is_valid(path)


def test_a_silent_server_is_a_miss_told_once(
    store: LocalStore, target: LocalStore, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [f"{store.store_dir}/{number:032}-x" for number in range(100)]
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent, caplog.at_level(logging.WARNING, "osconf"):
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        cache = BinaryCache(HttpTransport(address, answer_seconds=0.3), store.store_dir)
        started = time.monotonic()
        assert cache.query_many(paths) == [None] * 100
        assert time.monotonic() - started < 10
    assert caplog.text.count("cannot be reached") == 1


def test_a_server_whose_answers_trickle_is_a_miss(
    store: LocalStore, cache: FileCache, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    path = store.add_text("a", b"a")
    cache.add(store, path, key=KEY)
    server.trickles = True
    reader = BinaryCache(HttpTransport(server.address, answer_seconds=0.5), store.store_dir)
    started = time.monotonic()
    with caplog.at_level(logging.WARNING, "osconf"):
        assert reader.query(path) is None
    assert time.monotonic() - started < 10
    assert "bytes came in 0.5 seconds" in caplog.text


def test_refusal_says_why_once(
    store: LocalStore, cache: FileCache, server: Server, target: LocalStore, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Workbench(store)
    recipes = [bench.text(name, name) for name in "abc"]
    bench.build(*recipes)
    paths = [recipe.out for recipe in recipes]
    for path in paths:
        cache.add(store, path, key=KEY)
    substituter = Substituter(target, [server.address], [])
    with caplog.at_level(logging.WARNING, "osconf"):
        assert not any(substituter.substitute([path]) for path in paths)
    assert caplog.text.count("signed by cache-1, whom you do not trust") == 1
    assert "--trusted-key" in caplog.text
    assert not any(target.is_valid(path) for path in paths)
