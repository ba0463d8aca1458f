"""Downloads from a small HTTP server: retries, resume, next mirror, wrong content."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osconf.archive.cache import Blob, BlobCache
from osconf.archive.fetch import Fetcher, FetchSettings, Progress
from osconf.errors import ArchiveError

DATA = bytes(range(256)) * 4000
PATIENCE = FetchSettings(connections=4, attempts=3, timeout=5, pause=0.01)


class Server:
    """Serves a directory; `misbehave` may answer a request in place of it."""

    def __init__(self, directory: Path) -> None:
        self.requests: list[tuple[str, str]] = []
        self.misbehave: Callable[[http.server.SimpleHTTPRequestHandler], bool] = lambda handler: False
        self.connections: set[object] = set()
        server = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append((self.path, self.headers.get("Range", "")))
                server.connections.add(self.client_address)
                if server.misbehave(self):
                    return
                path = Path(self.translate_path(self.path))
                if not path.is_file():
                    self.send_error(404)
                    return
                data = path.read_bytes()
                start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                self.wfile.write(data[start:])

            def log_message(self, *arguments: object) -> None:
                pass

        handler = functools.partial(Handler, directory=str(directory))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "served/pool").mkdir(parents=True)
    (tmp_path / "served/pool/x+1~2_amd64.deb").write_bytes(DATA)
    server = Server(tmp_path / "served")
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "cache")


BLOB = Blob("pool/x+1~2_amd64.deb", hashlib.sha256(DATA).hexdigest(), len(DATA))


def test_a_blob_is_fetched_once(server: Server, cache: BlobCache) -> None:
    fetcher = Fetcher(PATIENCE)
    for _ in range(2):
        assert fetcher.fetch_blob(cache, BLOB, [server.base]).read_bytes() == DATA
    assert len(server.requests) == 1


def test_a_broken_connection_resumes_where_it_ended(server: Server, cache: BlobCache) -> None:
    def break_first(handler: http.server.SimpleHTTPRequestHandler) -> bool:
        if len(server.requests) > 1:
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        handler.wfile.write(DATA[:300_000])
        handler.close_connection = True
        return True

    server.misbehave = break_first
    assert Fetcher(PATIENCE).fetch_blob(cache, BLOB, [server.base]).read_bytes() == DATA
    start = int(server.requests[1][1].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 300_000


def test_an_earlier_run_is_resumed(server: Server, cache: BlobCache) -> None:
    with cache.open_partial(BLOB.sha256) as partial:
        partial.write(DATA[:1000])
    Fetcher(PATIENCE).fetch_blob(cache, BLOB, [server.base])
    assert server.requests[0][1] == "bytes=1000-"


def test_the_next_mirror_is_asked(server: Server, cache: BlobCache) -> None:
    bases = ["http://127.0.0.1:1", f"{server.base}/nothing-here", server.base]
    assert Fetcher(PATIENCE).fetch_blob(cache, BLOB, bases).exists()


def test_wrong_content_is_refused_and_named(server: Server, cache: BlobCache, tmp_path: Path) -> None:
    (tmp_path / "served" / BLOB.path).write_bytes(b"!" + DATA[1:])
    with pytest.raises(ArchiveError, match="wrong content") as caught:
        Fetcher(PATIENCE).fetch_blob(cache, BLOB, [server.base])
    assert BLOB.sha256 in str(caught.value)
    assert cache.find(BLOB.sha256) is None


def test_dead_mirrors_give_one_clear_error(cache: BlobCache) -> None:
    with pytest.raises(ArchiveError) as caught:
        Fetcher(PATIENCE).fetch_blob(cache, BLOB, ["http://127.0.0.1:1", "http://127.0.0.1:2"])
    assert caught.value.code == "download-failed"
    assert str(caught.value).count("\n") == 2


def test_a_busy_server_is_asked_again(server: Server, cache: BlobCache) -> None:
    def refuse_twice(handler: http.server.SimpleHTTPRequestHandler) -> bool:
        if len(server.requests) > 2:
            return False
        handler.send_error(503)
        return True

    server.misbehave = refuse_twice
    assert Fetcher(PATIENCE).fetch_blob(cache, BLOB, [server.base]).exists()


def test_many_blobs_share_connections_and_report(server: Server, cache: BlobCache, tmp_path: Path) -> None:
    wanted = []
    for number in range(30):
        data = f"file {number}".encode() * 100
        (tmp_path / f"served/pool/{number}").write_bytes(data)
        wanted.append((Blob(f"pool/{number}", hashlib.sha256(data).hexdigest(), len(data)), [server.base]))
    seen: list[Progress] = []
    Fetcher(PATIENCE).fetch_blobs(cache, wanted, seen.append)
    assert all(cache.find(blob.sha256) for blob, _ in wanted)
    assert (seen[-1].done_files, seen[-1].total_files) == (30, 30)
    assert seen[-1].done_bytes == seen[-1].total_bytes
    assert len(server.connections) <= PATIENCE.connections


def test_file_addresses(tmp_path: Path, cache: BlobCache, server: Server) -> None:
    assert Fetcher(PATIENCE).fetch_blob(cache, BLOB, [f"file://{tmp_path}/served"]).read_bytes() == DATA


def test_a_superseded_package_has_a_hint_of_its_own(server: Server, cache: BlobCache) -> None:
    with pytest.raises(ArchiveError) as caught:
        Fetcher(PATIENCE).fetch_blob(cache, Blob("pool/gone", "0" * 64), [server.base])
    assert caught.value.hint is not None
    assert "osconf lock update" in caught.value.hint


def test_a_failure_stops_the_others(server: Server, cache: BlobCache) -> None:
    def trickle(handler: http.server.SimpleHTTPRequestHandler) -> bool:
        if "gone" in handler.path:
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(100 * len(DATA)))
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                handler.wfile.write(DATA)
                time.sleep(0.1)
        return True

    server.misbehave = trickle
    wanted = [
        (Blob("pool/long", "1" * 64, 100 * len(DATA)), [server.base]),
        (Blob("pool/gone", "0" * 64), [server.base]),
    ]
    start = time.monotonic()
    with pytest.raises(ArchiveError, match="pool/gone"):
        Fetcher(PATIENCE).fetch_blobs(cache, wanted)
    assert time.monotonic() - start < 5
