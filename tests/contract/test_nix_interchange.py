"""The real Nix reads what osconf writes, and the other way round, when both use /nix/store."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from osconf.build.logs import find_log, keep_log, read_log
from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.model import nar
from osconf.model.derivation import BadDerivation, fill_output_paths, parse, serialize
from osconf.store.binary_cache import FileCache, open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.stream import export_paths, import_paths
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not has_nix(), reason="no nix-store here")]

KEY = SecretKey.generate("interchange-1")


def fill(store: LocalStore, tmp_path: Path) -> str:
    """A closure of two paths; its top."""
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/run").write_bytes(os.urandom(200_000))
    (tmp_path / "tree/bin/run").chmod(0o755)
    tree = store.add_path(tmp_path / "tree", "tree")
    return store.add_text("top", tree.encode(), [tree])


@pytest.mark.parametrize("compression", ["xz", "zstd", "bzip2", "gzip", "none"])
def test_nix_substitutes_from_our_cache(store: LocalStore, oracle: NixOracle, tmp_path: Path, compression: str) -> None:
    top = fill(store, tmp_path)
    cache = FileCache(tmp_path / "cache", "/nix/store")
    for path in store.closure([top]):
        cache.add(store, path, key=KEY, compression=compression)
    oracle.environment["NIX_CONFIG"] += f"trusted-public-keys = {KEY.render_public()}\nrequire-sigs = true\n"
    oracle.run("nix", "copy", "--from", f"file://{tmp_path / 'cache'}", top)
    theirs = oracle.text("nix-store", "--query", "--requisites", top).splitlines()
    assert sorted(theirs) == sorted(store.closure([top]))
    assert oracle.text("nix-store", "--query", "--hash", top) == store.query_path_info(top).nar_hash.prefixed()


def test_nix_refuses_our_cache_without_our_key(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    top = fill(store, tmp_path)
    stream = io.BytesIO()
    export_paths(store, store.closure([top]), stream)
    stream.seek(0)
    cache = FileCache(tmp_path / "cache", "/nix/store")
    with LocalStore.open(tmp_path / "copy", "/nix/store", durable=False) as copy:
        # A stream does not carry what would prove the content without a signature.
        for path in import_paths(copy, stream):
            cache.add(copy, path, key=KEY)
    other = SecretKey.generate("interchange-1")
    for trusted in ("", other.render_public()):
        oracle.environment["NIX_CONFIG"] += f"trusted-public-keys = {trusted}\nrequire-sigs = true\n"
        with pytest.raises(AssertionError, match="signature"):
            oracle.run("nix", "copy", "--from", f"file://{tmp_path / 'cache'}", top)


@pytest.mark.parametrize("compression", ["xz", "zstd", "bzip2", "gzip", "none", "br"])
def test_we_read_the_cache_that_nix_wrote(
    store: LocalStore, oracle: NixOracle, tmp_path: Path, compression: str
) -> None:
    if compression == "br" and find_spec("brotli") is None:
        pytest.skip("the Python module brotli is not installed")
    (tmp_path / "key").write_text(KEY.render())
    top = oracle.text("nix-store", "--add", __file__)
    oracle.run("nix", "store", "sign", "--key-file", str(tmp_path / "key"), top)
    oracle.run("nix", "copy", "--to", f"file://{tmp_path / 'cache'}?compression={compression}", top)
    cache = open_cache(str(tmp_path / "cache"), "/nix/store")
    for narinfo in cache.closure([top], store.is_valid) or []:
        assert narinfo.info.signatures and narinfo.compression == compression
        cache.fetch(store, narinfo, parse_public_keys([KEY.render_public()]))
    assert store.real_path(top).read_bytes() == Path(__file__).read_bytes()


def test_narinfo_is_equal(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    """What both write of one path, signed with one key, differs only in how the archive was packed."""
    (tmp_path / "key").write_text(KEY.render())
    top = oracle.text("nix-store", "--add", __file__)
    buffer = io.BytesIO(oracle.run("nix-store", "--export", top))
    import_paths(store, buffer)
    address = f"file://{tmp_path / 'theirs'}?compression=none&secret-key={tmp_path / 'key'}"
    oracle.run("nix", "copy", "--to", address, top)
    FileCache(tmp_path / "ours", "/nix/store").add(store, top, key=KEY, compression="none")
    name = f"{top.removeprefix('/nix/store/')[:32]}.narinfo"
    ours, theirs = ((tmp_path / side / name).read_text().splitlines() for side in ("ours", "theirs"))
    # An exported path does not say that its content proves its name.
    assert ours == [line for line in theirs if not line.startswith("CA: ")]
    assert (tmp_path / "theirs/nix-cache-info").read_text().startswith("StoreDir: /nix/store\n")


def test_archives_are_unpacked_by_each_other(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    top = fill(store, tmp_path)
    (tree,) = store.references(top)
    ours = io.BytesIO()
    nar.dump_path(store.real_path(tree), ours.write)
    oracle.run("nix-store", "--restore", str(tmp_path / "by-nix"), data=ours.getvalue())
    assert nar.hash_path(tmp_path / "by-nix")[0] == store.query_path_info(tree).nar_hash
    theirs = oracle.run("nix-store", "--dump", str(tmp_path / "tree"))
    assert theirs == ours.getvalue()
    nar.restore(io.BytesIO(theirs), tmp_path / "by-us")
    assert (tmp_path / "by-us/bin/run").stat().st_mode & 0o111
    assert oracle.run("nix-store", "--dump", str(tmp_path / "by-us")) == theirs


def test_streams_are_interchanged(store: LocalStore, oracle: NixOracle, tmp_path: Path) -> None:
    top = fill(store, tmp_path)
    buffer = io.BytesIO()
    export_paths(store, store.closure([top]), buffer)
    oracle.run("nix-store", "--import", data=buffer.getvalue())
    theirs = oracle.run("nix-store", "--export", *store.closure([top]))
    assert theirs == buffer.getvalue()
    with LocalStore.open(tmp_path / "again", "/nix/store", durable=False) as again:
        assert import_paths(again, io.BytesIO(theirs)) == store.closure([top])


FORMS = """
let make = attributes: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // attributes); in [
  (make { name = "plain"; args = [ "-c" "a\\"b\\\\c\\nd\\te\\rf$" ]; text = "é ü"; empty = ""; })
  (make { name = "several"; outputs = [ "out" "dev" "man" ]; })
  (make { name = "flat"; outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; })
  (make {
    name = "recursive"; outputHashMode = "recursive"; outputHashAlgo = "sha1";
    outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  })
  (make { name = "structured"; __structuredAttrs = true; list = [ 1 2 { a = null; } ]; outputs = [ "out" "lib" ]; })
  (make { name = "floating"; __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; })
]
"""


def test_derivation_texts_of_every_form(oracle: NixOracle, store: LocalStore) -> None:
    oracle.environment["NIX_CONFIG"] += "experimental-features = nix-command ca-derivations\n"
    for path in oracle.text("nix-instantiate", "-E", FORMS).split():
        text = (oracle.root / "root" / path.lstrip("/")).read_bytes()
        drv = parse(text)
        assert serialize(drv) == text
        if drv.name == "floating":
            with pytest.raises(BadDerivation, match="does not say where its output 'out' will be"):
                drv.output_path()
        else:
            filled = fill_output_paths(drv, store.derivation_hash, "/nix/store")
            assert filled.outputs == drv.outputs


PROGRAM = """
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char *input = getenv("input");
    int out = open(getenv("out"), O_WRONLY | O_CREAT, 0666);
    printf("made %s\\n", getenv("name"));
    if (input) write(out, input, strlen(input));
    return write(out, "\\n", 1) != 1;
}
"""
EXPRESSION = """
let make = name: attributes: derivation
  ({ inherit name; system = builtins.currentSystem; builder = ./program; } // attributes);
in make "top" { input = make "deep" { }; }
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here")
def test_builds_are_equal(oracle: NixOracle, store: LocalStore, tmp_path: Path) -> None:
    subprocess.run(
        ["gcc", "-static", "-x", "c", "-", "-o", str(tmp_path / "program")], input=PROGRAM.encode(), check=True
    )
    (tmp_path / "all.nix").write_text(EXPRESSION)
    oracle.environment["NIX_CONFIG"] += "sandbox-paths =\n"
    drv = oracle.text("nix-instantiate", str(tmp_path / "all.nix"))
    oracle.run("nix-store", "--realise", drv)
    requisites = oracle.text("nix-store", "--query", "--requisites", drv).split()
    import_paths(store, io.BytesIO(oracle.run("nix-store", "--export", *requisites)))
    realise(store, [drv], {}, BuildSettings())
    out = store.read_derivation(drv).output_path()
    assert oracle.text("nix-store", "--query", "--outputs", drv) == out
    for path in store.closure([out, drv]):
        info = store.query_path_info(path)
        assert oracle.text("nix-store", "--query", "--hash", path) == info.nar_hash.prefixed()
        assert sorted(oracle.text("nix-store", "--query", "--references", path).split()) == sorted(info.references)
    assert oracle.text("nix-store", "--query", "--deriver", out) == store.query_path_info(out).deriver

    # Logs lie where the other looks for them.
    deep = next(iter(store.read_derivation(drv).input_derivations))
    assert read_log(store, deep) == oracle.text("nix", "log", deep) + "\n" == "made deep\n"
    theirs, ours = oracle.root / "root/nix/var/log/nix/drvs", store.layout.logs
    assert {file.relative_to(theirs) for file in theirs.rglob("*.bz2")} == {
        file.relative_to(ours) for file in ours.rglob("*.bz2")
    }
    shutil.rmtree(theirs)
    shutil.copytree(ours, theirs)
    assert oracle.text("nix", "log", drv) == "made top"

    # Through a cache, in either direction.
    log = find_log(store, drv)
    assert log == (drv, b"made top\n")
    FileCache(tmp_path / "cache", "/nix/store").add_log(*log)
    shutil.rmtree(theirs)
    cached = ("--option", "substituters", f"file://{tmp_path / 'cache'}")
    assert oracle.text("nix", "log", *cached, drv) == "made top"
    oracle.run("nix", "store", "copy-log", "--from", f"file://{tmp_path / 'cache'}", drv)
    assert oracle.text("nix", "log", drv) == "made top"
    oracle.run("nix", "store", "copy-log", "--to", f"file://{tmp_path / 'nixs-cache'}", drv)
    cache = open_cache(f"file://{tmp_path / 'nixs-cache'}", "/nix/store")
    shutil.rmtree(ours)
    assert read_log(store, out) is None
    assert read_log(store, out, [cache]) == "made top\n"
    keep_log(store, drv, cache.read_log(drv) or b"")
    assert read_log(store, out) == "made top\n"
