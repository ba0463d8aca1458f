"""`osconf store`, `copy` and `key`, called as a person calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from osconf.store.local import LocalStore
from osconf.store.profiles import Profile

ROOT = Path(__file__).parents[2]


class Program:
    """Runs osconf on stores below a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment: dict[str, str] = {}

    def __call__(self, *arguments: str, store: str = "one", data: bytes = b"", code: int = 0) -> bytes:
        """Run a command; its standard output. It must end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "osconf.cli", "--store", str(self.directory / store), *arguments],
            input=data,
            capture_output=True,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.directory), "NO_COLOR": "1", **self.environment},
            check=False,
        )
        self.errors = done.stderr.decode()
        assert done.returncode == code, self.errors
        return done.stdout

    def lines(self, *arguments: str, **options: object) -> list[str]:
        """The lines of the standard output."""
        return self(*arguments, **options).decode().splitlines()


@pytest.fixture
def osconf(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def added(osconf: Program, tmp_path: Path) -> str:
    """A tree in the store `one`."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_text("content" * 200)
    (tmp_path / "tree/same").write_text("content" * 200)
    (path,) = osconf.lines("store", "add", str(tmp_path / "tree"))
    return path


def test_cache_with_signature(osconf: Program, added: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(osconf("key", "generate", "cache-1"))
    public = osconf.lines("key", "public", str(tmp_path / "key"))[0]
    assert public.startswith("cache-1:")
    osconf("store", "sign", "--key", str(tmp_path / "key"), "-r", added)
    osconf("copy", "--to", f"file://{tmp_path / 'cache'}", added)
    assert "Sig: cache-1:" in next((tmp_path / "cache").glob("*.narinfo")).read_text()
    osconf("copy", "--from", f"file://{tmp_path / 'cache'}", "--trusted-key", public, added, store="two")
    assert osconf.lines("store", "closure", added, store="two") == [added]
    osconf("store", "verify", "--check-contents", store="two")


@pytest.mark.parametrize("name", ["sub/../one", "link"])
def test_a_store_has_many_names(osconf: Program, added: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("one")
    expression = f'derivation {{ name = "it"; builder = "builtin:nothing"; system = "x"; src = "{added}"; }}'
    (drv,) = osconf.lines("instantiate", "-E", expression)
    (tmp_path / "result").symlink_to(tmp_path / f"one{drv}")
    (tmp_path / "one/osconf/var/gcroots/result").symlink_to(tmp_path / "result")
    assert osconf.lines("store", "references", "../" * 20 + str(tmp_path / "result")[1:], store=name) == []
    assert osconf.lines("gc", store=name) == [added]


def test_the_store_directory_has_one_spelling(osconf: Program, added: str, tmp_path: Path) -> None:
    osconf.environment = {"OSCONF_STORE_DIR": "//osconf/./store/"}
    assert osconf.lines("store", "add", str(tmp_path / "tree")) == [added]
    for wrong in ("relative", "/", "/osconf/../store"):
        osconf.environment = {"OSCONF_STORE_DIR": wrong}
        osconf("store", "roots", code=1)
        assert f"OSCONF_STORE_DIR cannot be '{wrong}'" in osconf.errors


def test_only_current_generations_stay(osconf: Program, added: str, tmp_path: Path) -> None:
    profile = Profile(tmp_path / "one/osconf/var/profiles/tools")
    for number in range(3):
        profile.add_generation(f"{added[:-4]}{number}")
    # One that is newer than the current one goes, too.
    profile.switch_to(2)
    osconf("gc", "-d")
    assert [generation.number for generation in profile.generations()] == [2]


def test_missing_in_cache(osconf: Program, added: str, tmp_path: Path) -> None:
    osconf("copy", "--to", f"file://{tmp_path / 'cache'}", added)
    ghost = added.replace("-tree", "-ghost").replace(added[15:20], "00000")
    osconf("copy", "--from", f"file://{tmp_path / 'cache'}", ghost, store="two", code=1)
    assert "does not have" in osconf.errors


def test_a_missing_reference_is_named(osconf: Program, tmp_path: Path) -> None:
    expression = 'derivation { name = "x"; system = "x"; builder = toFile "source" "text"; }'
    (drv,) = osconf.lines("instantiate", "-E", f"with builtins; {expression}")
    source, _ = osconf.lines("store", "closure", drv)
    osconf("copy", "--to", f"file://{tmp_path / 'cache'}", drv)
    (tmp_path / "cache" / f"{Path(source).name[:32]}.narinfo").unlink()
    osconf("copy", "--from", f"file://{tmp_path / 'cache'}", drv, store="two", code=1)
    assert f"does not have '{source}', which '{drv}' refers to" in osconf.errors


def test_export_and_import(osconf: Program, added: str) -> None:
    stream = osconf("store", "export", "-r", added)
    assert osconf.lines("store", "import", store="two", data=stream) == [added]
    osconf("store", "import", store="three", data=stream[:-100], code=1)
    assert "ends too early" in osconf.errors
    assert osconf.lines("store", "closure", added, store="two") == [added]


def test_verify_names_what_is_wrong(osconf: Program, added: str, tmp_path: Path) -> None:
    file = Path(f"{tmp_path / 'one'}{added}/file")
    file.chmod(0o644)
    file.write_text("changed")
    assert osconf.lines("store", "verify", "--check-contents", code=1) == [f"changed: {added}"]
    (line,) = osconf.lines("store", "verify", "--check-contents", "--repair", code=1)
    assert line == f"changed: {added} (not repaired)"
    osconf("store", "verify")


def test_optimise_graph_diff(osconf: Program, added: str, tmp_path: Path) -> None:
    osconf("store", "optimise")
    assert "1 files linked" in osconf.errors
    assert osconf("store", "graph", added).startswith(b"digraph")
    assert osconf("store", "graph", "--format", "svg", added).startswith(b"<svg")
    (tmp_path / "tree/more").write_text("x" * 5000)
    (other,) = osconf.lines("store", "add", str(tmp_path / "tree"))
    (line,) = osconf.lines("store", "diff", added, other)
    assert line.startswith("tree: ") and "+" in line


def test_a_long_chain_is_a_tree(osconf: Program, tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "one", durable=False) as store:
        path = store.add_text("text", b"")
        for _ in range(1200):
            path = store.add_text("text", path.encode(), [path])
    lines = osconf.lines("store", "tree", path)
    assert len(lines) == 1201
    assert lines[-1].startswith("    " * 1199 + "└── ")


@pytest.mark.parametrize("verb", ["closure", "references", "referrers", "tree", "size", "graph", "export"])
def test_what_is_not_valid_is_said(osconf: Program, added: str, verb: str) -> None:
    osconf("store", verb, added.replace("tree", "free"), code=1)
    assert "is not valid" in osconf.errors


def test_an_archive_is_unpacked_whole_or_not_at_all(osconf: Program, added: str, tmp_path: Path) -> None:
    archive = osconf("store", "dump", added)
    target = tmp_path / "target"
    osconf("store", "restore", str(target), data=archive[:-20], code=1)
    assert not target.exists()
    osconf("store", "restore", str(target), data=archive)
    assert sorted(file.name for file in target.iterdir()) == ["file", "same"]
    osconf("store", "restore", str(target), data=archive, code=1)
    assert "something is there already" in osconf.errors
    assert target.is_dir()


def test_names_that_are_no_text_are_printed(osconf: Program, tmp_path: Path) -> None:
    osconf.environment = {"PYTHONIOENCODING": "utf-8:strict"}
    (tmp_path / "odd").mkdir()
    Path(os.fsdecode(bytes(tmp_path / "odd") + b"/b\xffd")).touch()
    (path,) = osconf.lines("store", "add", str(tmp_path / "odd"))
    assert osconf("store", "ls", path) == b"b\xffd\n"


def test_wrong_use(osconf: Program, added: str) -> None:
    osconf("copy", added, code=2)
    osconf("copy", "--from", "file:///nowhere", "result", code=1)
    osconf("copy", "--to", "https://cache.invalid", added, code=1)
    assert "cannot write" in osconf.errors
    osconf("key", "public", "-", data=b"nonsense", code=1)
    osconf("log", added, code=1)
    assert "there is no log" in osconf.errors


def test_signatures_are_verified(osconf: Program, added: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(osconf("key", "generate", "cache-1"))
    public = osconf.lines("key", "public", str(tmp_path / "key"))[0]
    assert osconf.lines("store", "verify", "--signatures", "--trusted-key", public, code=1) == [f"not signed: {added}"]
    osconf("store", "sign", "--key", str(tmp_path / "key"), added)
    osconf("store", "verify", "--signatures", "--trusted-key", public)
    assert osconf.lines("store", "verify", "--signatures", added, code=1) == [f"not signed: {added}"]


def test_hashes_of_files(osconf: Program, tmp_path: Path) -> None:
    (tmp_path / "abc").write_text("abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert osconf.lines("store", "hash", "--flat", "--format", "base16", str(tmp_path / "abc")) == [digest]
    (archived,) = osconf.lines("store", "hash", str(tmp_path / "abc"))
    assert archived.startswith("sha256-") and len(archived) == 51
    assert osconf("store", "dump", str(tmp_path / "abc")).startswith(b"\x0d\0\0\0\0\0\0\0nix-archive-1")
