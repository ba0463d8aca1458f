"""Results taken from binary caches instead of being built, as a person sees it."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = b"what is downloaded\n" * 1000


class Stores:
    """Runs osconf on stores below a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.errors = ""

    def __call__(self, *arguments: str, store: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "osconf.cli", "--store", str(self.directory / store), *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.directory),
                "XDG_CACHE_HOME": str(self.directory / f"downloads-{store}"),
                "NO_COLOR": "1",
            },
            check=False,
        )
        self.errors = done.stderr
        assert done.returncode == code, done.stderr
        return done.stdout.strip()

    def build(self, *arguments: str, store: str, code: int = 0) -> str:
        return self("build", "-E", self.expression(), "--no-link", *arguments, store=store, code=code)

    def expression(self) -> str:
        """A download whose source can be taken away: then only a cache can have it."""
        source = self.directory / "source"
        return f"""derivation {{
          name = "download"; system = "x86_64-linux"; builder = "builtin:fetchurl"; url = "file://{source}";
          outputHash = "{hashlib.sha256(DATA).hexdigest()}"; outputHashAlgo = "sha256"; outputHashMode = "flat";
        }}"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """A signed cache in `cache` holds the download; its source is gone."""
    stores = Stores(tmp_path_factory.mktemp("stores"))
    directory = stores.directory
    (directory / "source").write_bytes(DATA)
    path = stores.build(store="builder")
    for name in ("key", "other"):
        (directory / name).write_text(stores("key", "generate", f"{name}-1", store="builder") + "\n")
    stores("copy", "--to", f"file://{directory}/cache", "--key", str(directory / "key"), path, store="builder")
    (directory / "source").unlink()
    # Without the line that says so its content does not prove its name: a signature has to.
    (narinfo,) = (directory / "cache").glob("*.narinfo")
    lines = narinfo.read_text().splitlines(keepends=True)
    (directory / "content-address").write_text(next(line for line in lines if line.startswith("CA: ")))
    narinfo.write_text("".join(line for line in lines if not line.startswith("CA: ")))
    return stores


def public(stores: Stores, name: str = "key") -> str:
    return stores("key", "public", str(stores.directory / name), store="builder").splitlines()[0]


@pytest.fixture(scope="module")
def address(stores: Stores) -> Iterator[str]:
    """The cache behind a web server."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(stores.directory / "cache"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize("kind", ["file", "http"])
def test_a_signed_result_is_taken_instead_of_built(stores: Stores, address: str, kind: str) -> None:
    cache = f"file://{stores.directory}/cache" if kind == "file" else address
    path = stores.build("--cache", cache, "--trusted-key", public(stores), store=kind)
    assert Path(f"{stores.directory}/{kind}{path}").read_bytes() == DATA
    assert f"fetched download from {cache}" in stores.errors
    assert "to build" not in stores.errors
    stores("store", "verify", "--check-contents", store=kind)


def test_what_no_trusted_key_signed_is_refused_with_a_reason(stores: Stores) -> None:
    cache = f"file://{stores.directory}/cache"
    for keys in ((), ("--trusted-key", public(stores, "other"))):
        stores.build("--cache", cache, *keys, store="strict", code=3)
        assert "signed by key-1, whom you do not trust" in stores.errors
        assert "--trusted-key" in stores.errors


def test_content_that_proves_its_name_needs_no_signature(stores: Stores) -> None:
    shutil.copytree(stores.directory / "cache", stores.directory / "unsigned")
    (narinfo,) = (stores.directory / "unsigned").glob("*.narinfo")
    lines = [line for line in narinfo.read_text().splitlines(keepends=True) if not line.startswith("Sig: ")]
    narinfo.write_text("".join(lines) + (stores.directory / "content-address").read_text())
    path = stores.build("--cache", f"file://{stores.directory}/unsigned", store="proven")
    assert Path(f"{stores.directory}/proven{path}").read_bytes() == DATA


def test_a_dry_run_counts_on_caches(stores: Stores) -> None:
    cache = ("--cache", f"file://{stores.directory}/cache")
    assert stores.build("--dry-run", store="dry").endswith("-download.drv")
    assert stores.build("--dry-run", *cache, store="dry").endswith("-download.drv")
    assert stores.build("--dry-run", *cache, "--trusted-key", public(stores), store="dry") == ""
    assert not list((stores.directory / "dry/osconf/store").glob("*-download"))


def test_no_caches_builds_here(stores: Stores) -> None:
    cache = f"file://{stores.directory}/cache"
    stores.build("--cache", cache, "--trusted-key", public(stores), "--no-caches", store="alone", code=3)
    assert "cannot download" in stores.errors or "cannot be" in stores.errors


def test_settings_of_the_user(stores: Stores) -> None:
    file = stores.directory / ".config/osconf/settings.json"
    file.parent.mkdir(parents=True)
    settings = {"substituters": [f"file://{stores.directory}/cache"], "trusted-public-keys": [public(stores)]}
    try:
        file.write_text(json.dumps(settings))
        stores.build(store="set")
        assert "fetched download" in stores.errors
        file.write_text(json.dumps({"substituter": []}))
        stores.build(store="mistaken", code=1)
        assert "‘substituter’, which is no setting" in stores.errors
        assert "did you mean ‘substituters’" in stores.errors
        file.write_text("{")
        stores.build(store="mistaken", code=1)
        assert "are not JSON" in stores.errors
        file.write_text(json.dumps({"trusted-public-keys": ["nonsense"]}))
        stores.build(store="mistaken", code=1)
        assert "nonsense" in stores.errors
    finally:
        file.unlink()


def test_a_dead_cache_is_a_miss_told_once(stores: Stores) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        dead = f"http://127.0.0.1:{silent.getsockname()[1]}"
        live = f"file://{stores.directory}/cache"
        started = time.monotonic()
        stores.build("--cache", dead, "--cache", live, "--trusted-key", public(stores), store="patient")
        assert time.monotonic() - started < 30
    assert stores.errors.count(dead) == 1
    assert "cannot be reached" in stores.errors
    assert "fetched download" in stores.errors
