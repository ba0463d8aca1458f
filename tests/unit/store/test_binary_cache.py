"""Trust, lies and damage in binary caches; streams that are cut; queries; saving space."""

from __future__ import annotations

import io
import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY
from xml.etree import ElementTree

import pytest

from osconf.errors import StoreError
from osconf.model.hashes import hash_bytes
from osconf.model.nar import BadArchive
from osconf.store.binary_cache import FileCache, NotTrusted, open_cache, sign_info
from osconf.store.graph import render_dot, render_svg
from osconf.store.local import LocalStore
from osconf.store.narinfo import BadNarInfo, parse_narinfo
from osconf.store.optimise import optimise_store
from osconf.store.queries import closure_size, compare_closures, find_chain, find_mentions, split_version
from osconf.store.signing import BadKey, SecretKey, is_signed, parse_public_keys
from osconf.store.stream import export_paths, import_paths
from osconf.store.substitute import Substituter
from tests.unit.build.conftest import Workbench

KEY = SecretKey.generate("cache-1")
KEYS = parse_public_keys([KEY.render_public()])


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "target", durable=False) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path, store: LocalStore) -> FileCache:
    return FileCache(tmp_path / "cache", store.store_dir)


def build(store: LocalStore, name: str) -> str:
    """A path whose name stands for its recipe, so that its content proves nothing."""
    bench = Workbench(store)
    recipe = bench.text(name, name)
    bench.build(recipe)
    return recipe.out


def test_signatures(store: LocalStore) -> None:
    info = sign_info(store.query_path_info(store.add_text("a", b"a")), KEY)
    assert is_signed(info, KEYS)
    assert not is_signed(replace(info, nar_size=1), KEYS)
    assert not is_signed(info, parse_public_keys([SecretKey.generate("cache-1").render_public()]))
    assert not is_signed(replace(info, signatures=("cache-1:nonsense",)), KEYS)
    again = SecretKey.parse(KEY.render())
    assert again.sign(b"x") == KEY.sign(b"x")


@pytest.mark.parametrize("text", ["", "name", "name:", ":AAAA", "name:AAAA", "name:!"])
def test_bad_keys(text: str) -> None:
    with pytest.raises(BadKey):
        SecretKey.parse(text)


def test_unsigned_is_refused_unless_content_proves_itself(
    store: LocalStore, target: LocalStore, cache: FileCache, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("x")
    tree = store.add_path(tmp_path / "f", "f")
    bench = Workbench(store)
    flat = bench.shell("flat", "printf x > $out", fixed=("sha256", hash_bytes("sha256", b"x").base16()))
    built = bench.text("built", "x")
    bench.build(flat, built)
    text = store.add_text("text", tree.encode(), [tree])
    proven = (tree, text, flat.out, built.path)
    for path in (*proven, built.out):
        cache.add(store, path)
    with pytest.raises(NotTrusted, match="nobody"):
        cache.fetch(target, cache.query(built.out), KEYS)
    for path in proven:
        cache.fetch(target, cache.query(path), {})
        assert target.query_path_info(path) == replace(store.query_path_info(path), ultimate=ANY, registration_time=ANY)
    assert not target.is_valid(built.out)


@pytest.mark.parametrize("claims_other_content", [True, False])
def test_unsigned_texts_must_be_what_their_name_says(
    store: LocalStore, target: LocalStore, cache: FileCache, claims_other_content: bool
) -> None:
    """A narinfo that is sound about its archive, and claims the name of another text."""
    wanted, given = store.add_text("text", b"wanted"), store.add_text("text", b"given!")
    narinfo = cache.add(store, given)
    info = replace(narinfo.info, path=wanted)
    if claims_other_content:
        info = replace(info, content_address=store.query_path_info(wanted).content_address)
    with pytest.raises(BadArchive if claims_other_content else NotTrusted):
        cache.fetch(target, replace(narinfo, info=info), {})
    assert not target.is_valid(wanted)
    assert list(target.layout.temporary.iterdir()) == []


def test_the_reason_of_a_refusal_is_told(store: LocalStore, target: LocalStore, cache: FileCache) -> None:
    path = build(store, "a")
    narinfo = cache.add(store, path, key=KEY)
    with pytest.raises(NotTrusted, match="signed by cache-1, whom you do not trust"):
        cache.fetch(target, narinfo, {})
    changed = replace(narinfo, info=replace(narinfo.info, nar_size=narinfo.info.nar_size + 1))
    with pytest.raises(NotTrusted, match="signature of cache-1 that does not fit") as caught:
        cache.fetch(target, changed, KEYS)
    assert "changed after it was signed" in (caught.value.hint or "")


def edit_narinfo(cache: FileCache, path: str, old: str, new: str) -> None:
    file = cache.directory / f"{path.rpartition('/')[2][:32]}.narinfo"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_lying_narinfo_is_refused(store: LocalStore, target: LocalStore, cache: FileCache) -> None:
    a, b = store.add_text("a", b"a" * 500), store.add_text("b", b"b" * 500)
    for path in (a, b):
        cache.add(store, path, key=KEY)
    edit_narinfo(cache, a, cache.query(a).url, cache.query(b).url)
    reader = open_cache(str(cache.directory), store.store_dir)
    with pytest.raises(BadArchive, match="promised hash"):
        reader.fetch(target, reader.query(a), KEYS)
    edit_narinfo(cache, b, f"StorePath: {b}", f"StorePath: {a}")
    with pytest.raises(BadNarInfo, match="is about"):
        open_cache(str(cache.directory), store.store_dir).query(b)
    assert list(target.layout.temporary.iterdir()) == []


@pytest.mark.parametrize("compression", ["zstd", "xz", "none"])
def test_truncated_archive_is_refused(
    store: LocalStore, target: LocalStore, cache: FileCache, compression: str
) -> None:
    path = store.add_text("a", os.urandom(300_000))
    narinfo = cache.add(store, path, key=KEY, compression=compression)
    file = cache.directory / narinfo.url
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(BadArchive):
        cache.fetch(target, narinfo, KEYS)
    assert not target.is_valid(path)


@pytest.mark.parametrize(
    "text",
    ["", "StorePath: /x\n", "no colon", "StorePath: /osconf/store/x\nURL: a\nNarHash: b\nNarSize: c\n"],
)
def test_bad_narinfo(text: str) -> None:
    with pytest.raises(BadNarInfo):
        parse_narinfo(text, "/osconf/store", "test")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Compression: zstd", "Compression: rot13", "packed with 'rot13', which cannot be read"),
        ("NarSize: 120", "NarSize: 121", "has 120 bytes instead of the promised 121"),
        ("NarSize: 120", "NarSize: 99", "is damaged: the archive is longer than promised"),
        ("URL: nar/", "URL: nar/no", "cannot be read: No such file"),
    ],
)
def test_errors_name_the_path_and_the_cache(
    store: LocalStore, target: LocalStore, cache: FileCache, old: str, new: str, words: str
) -> None:
    path = store.add_text("a", b"text")
    cache.add(store, path)
    edit_narinfo(cache, path, old, new)
    narinfo = open_cache(str(cache.directory), store.store_dir).query(path)
    assert narinfo is not None
    # What nobody signed is not even fetched.
    narinfo = replace(narinfo, info=sign_info(narinfo.info, KEY))
    with pytest.raises(StoreError, match=words) as caught:
        cache.fetch(target, narinfo, KEYS)
    assert cache.name in str(caught.value)
    assert list(target.layout.temporary.iterdir()) == []


def test_a_deriver_is_a_store_path() -> None:
    hash_part, content = "0" * 32, "sha256:" + "0" * 52
    text = f"StorePath: /osconf/store/{hash_part}-a\nURL: a\nNarHash: {content}\nNarSize: 1\nDeriver: ../x.drv\n"
    with pytest.raises(BadNarInfo, match="not sound"):
        parse_narinfo(text, "/osconf/store", "here")


def test_url_cannot_leave_the_cache(store: LocalStore, target: LocalStore, cache: FileCache) -> None:
    path = store.add_text("a", b"a")
    narinfo = cache.add(store, path, key=KEY)
    with pytest.raises(BadNarInfo, match="outside"):
        cache.fetch(target, replace(narinfo, url="../secret"), KEYS)


def test_unreachable_cache_is_a_miss(store: LocalStore, tmp_path: Path) -> None:
    for address in (f"file://{tmp_path}/nothing", "http://127.0.0.1:9"):
        assert open_cache(address, store.store_dir).query(f"{store.store_dir}/{'0' * 32}-x") is None
    with pytest.raises(StoreError, match="not a binary cache"):
        open_cache("ftp://x", store.store_dir)


def test_cache_of_another_directory_is_not_used(store: LocalStore, cache: FileCache) -> None:
    path = store.add_text("a", b"a")
    cache.add(store, path, key=KEY)
    info = cache.directory / "nix-cache-info"
    info.write_text(info.read_text().replace(store.store_dir, "/nix/store"))
    assert open_cache(str(cache.directory), store.store_dir).query(path) is None


def test_builds_are_substituted(store: LocalStore, target: LocalStore, cache: FileCache) -> None:
    ours, theirs = Workbench(store), Workbench(target)
    recipes = []
    for bench in (ours, theirs):
        deep = bench.shell("deep", "echo deep > $out")
        recipes.append(bench.shell("top", f"echo {deep.out} > $out", deep))
    ours.build(recipes[0])
    for path in store.closure([recipes[0].out]):
        cache.add(store, path, key=KEY)
    assert recipes[0].out == recipes[1].out
    options = {"caches": (f"file://{cache.directory}",), "sandbox_paths": {}}
    theirs.build(recipes[1], trusted_keys=(KEY.render_public(),), **options)
    assert target.query_path_info(recipes[1].out).signatures[0].startswith("cache-1:")
    assert target.query_path_info(recipes[1].out).ultimate is False
    assert sorted(target.closure([recipes[1].out])) == sorted(store.closure([recipes[0].out]))


def test_untrusted_cache_is_passed_over(store: LocalStore, target: LocalStore, cache: FileCache) -> None:
    path = build(store, "a")
    cache.add(store, path, key=KEY)
    assert not Substituter(target, [str(cache.directory)], []).substitute([path])
    assert Substituter(target, [str(cache.directory)], [KEY.render_public()]).substitute([path])


def test_cut_streams_are_refused(store: LocalStore, target: LocalStore) -> None:
    a = store.add_text("a", b"a" * 100)
    b = store.add_text("b", a.encode(), [a])
    buffer = io.BytesIO()
    export_paths(store, store.closure([b]), buffer)
    data = buffer.getvalue()
    for size in (0, 8, 50, 200, len(data) - 1):
        with pytest.raises(BadArchive):
            import_paths(target, io.BytesIO(data[:size]))
    assert list(target.layout.temporary.iterdir()) == []
    half = io.BytesIO()
    export_paths(store, [b], half)
    with (
        LocalStore.open(target.root.with_name("third"), durable=False) as third,
        pytest.raises(BadArchive, match="before"),
    ):
        import_paths(third, io.BytesIO(half.getvalue()))


def test_queries(store: LocalStore) -> None:
    one = store.add_text("lib-1.0", b"1" * 100)
    two = store.add_text("lib-1.1", b"2" * 200)
    before = store.add_text("app", one.encode(), [one])
    after = store.add_text("app", two.encode(), [two])
    top = store.add_text("top", after.encode(), [after])
    assert find_chain(store, top, two) == [top, after, two]
    assert find_chain(store, top, one) == []
    assert find_mentions(store, top, after) == ["."]
    (difference,) = compare_closures(store, [before], [after])
    assert (difference.name, difference.before, difference.after) == ("lib", ("1.0",), ("1.1",))
    assert difference.size == 96
    assert closure_size(store, [top]) == sum(store.query_path_info(path).nar_size for path in (top, after, two))
    assert render_dot(store.closure_edges([top])).count("->") == 2
    drawing = ElementTree.fromstring(render_svg(store.closure_edges([top])))
    assert len(drawing.findall("{*}rect")) == 3 and len(drawing.findall("{*}path")) == 2
    assert split_version("gcc-12-base-12.2.0-14") == ("gcc", "12-base-12.2.0-14")
    assert split_version("plain") == ("plain", "")


def test_mentions_are_found_in_files_of_any_size(store: LocalStore, tmp_path: Path) -> None:
    goal = store.add_text("goal", b"")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/empty").touch()
    with (tmp_path / "tree/large").open("wb") as file:
        file.truncate(40 << 20)
        file.seek(0, os.SEEK_END)
        file.write(goal.encode())
    path = store.add_path(tmp_path / "tree", "tree")
    tracemalloc.start()
    assert find_mentions(store, path, goal) == ["large"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 << 20


def test_optimise_links_equal_files(store: LocalStore, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("same" * 1000)
    paths = [store.add_path(tmp_path / name, name) for name in ("one", "two")]
    result = optimise_store(store)
    assert result.linked == 1 and result.freed >= 4000
    files = [store.real_path(path) / name for path, name in zip(paths, ("one", "two"), strict=True)]
    assert files[0].samefile(files[1])
    assert store.verify(check_contents=True).is_sound
    assert files[1].parent.stat().st_mtime == 1
    assert optimise_store(store).linked == 0


def test_a_long_line_goes_around_the_boxes_on_its_way() -> None:
    first, second, third = (f"/osconf/store/{'0' * 32}-{name}" for name in ("first", "second", "third"))
    edges = {first: [second, third], second: [third], third: []}
    lines = [line for line in render_svg(edges).splitlines() if line.startswith("<path")]
    # Of three lines on one height, that past the box in the middle leaves it.
    assert [line.count(",49") for line in lines] == [0, 3, 0]
