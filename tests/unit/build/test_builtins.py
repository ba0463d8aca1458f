"""The generic builtin builders."""

from __future__ import annotations

import http.server
import io
import json
import lzma
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from osconf.build.fetch import FetchError
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError, StoreError
from osconf.model import nar
from osconf.model.hashes import hash_bytes
from tests.unit.build.conftest import Workbench


def test_write(bench: Workbench) -> None:
    recipe = bench.derive(
        "w", "builtin:write", text="#!é".encode().decode("latin-1"), executable="1", destination="/bin/x"
    )
    file = bench.build(recipe) / "bin/x"
    assert file.read_text() == "#!é"
    assert os.access(file, os.X_OK)


def test_tree(bench: Workbench) -> None:
    note = bench.text("note", "hello")
    entries = [
        {"path": "bin/x", "kind": "text", "text": "#!", "mode": "0555"},
        {"path": "deep/link", "kind": "link", "target": note.out},
        {"path": "copy", "kind": "copy", "target": note.out},
        {"path": "empty", "kind": "directory"},
    ]
    out = bench.build(bench.derive("t", "builtin:tree", note, entries=json.dumps(entries)))
    assert os.access(out / "bin/x", os.X_OK)
    assert str((out / "deep/link").readlink()) == note.out
    assert (out / "copy").read_text() == "hello"
    assert list((out / "empty").iterdir()) == []


def test_tree_may_be_a_single_link(bench: Workbench) -> None:
    out = bench.build(bench.derive("t", "builtin:tree", entries='[{"path": "", "kind": "link", "target": "/x"}]'))
    assert out.is_symlink()


def test_tree_refuses_duplicates(bench: Workbench) -> None:
    entries = [{"path": "a", "text": "1"}, {"path": "/a", "text": "2"}]
    with pytest.raises(BuildError) as caught:
        bench.build(bench.derive("t", "builtin:tree", entries=json.dumps(entries)))
    assert caught.value.code == "duplicate-entry"


def test_tree_writes_through_no_link(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "view/deep").mkdir(parents=True)
    (tmp_path / "view/deep/away").symlink_to(tmp_path)
    view = bench.store.add_path(tmp_path / "view", "view")
    for first, kind in (({"path": "a", "target": str(tmp_path)}, "text"), ({"path": "a", "target": "/"}, "directory")):
        entries = json.dumps([first, {"path": "a/evil", "kind": kind, "text": "x"}])
        with pytest.raises(BuildError, match="behind the link 'a'"):
            bench.build(bench.derive("t", "builtin:tree", entries=entries))
    copied = json.dumps([{"path": "a", "kind": "copy", "target": view}, {"path": "a/deep/away/evil", "text": "x"}])
    with pytest.raises(BuildError, match="behind the link 'a/deep/away'"):
        bench.build(bench.derive("t", "builtin:tree", entries=copied, sources=(view,)))
    assert not (tmp_path / "evil").exists()


def test_join_fills_no_link(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / "link/a").symlink_to(tmp_path / "victim")
    link = bench.store.add_path(tmp_path / "link", "link")
    other = make_tree(bench, "other", a__evil="x", a__b__evil="x")
    options = {"paths": f"{link} {other.out}", "ignoreCollisions": "1", "sources": (link,)}
    for wanted in ("a", "a/b"):
        recipe = bench.derive("j", "builtin:join", other, pathsToLink=json.dumps(["/", wanted]), **options)
        with pytest.raises(BuildError, match=r"behind the link|is a link already"):
            bench.build(recipe)
    assert list((tmp_path / "victim").iterdir()) == []


def make_tree(bench: Workbench, name: str, **files: str) -> object:
    entries = [{"path": path.replace("__", "/"), "text": text} for path, text in files.items()]
    return bench.derive(name, "builtin:tree", entries=json.dumps(entries))


def test_join(bench: Workbench) -> None:
    a = make_tree(bench, "a", bin__x="1", share__same="s", lib__only="l")
    b = make_tree(bench, "b", bin__y="2", share__same="s")
    recipe = bench.derive("j", "builtin:join", a, b, paths=f"{a.out} {b.out}", linkDirectories="1")
    out = bench.build(recipe)
    assert str((out / "bin/x").readlink()) == f"{a.out}/bin/x"
    assert str((out / "lib").readlink()) == f"{a.out}/lib"
    again = bench.derive("k", "builtin:join", recipe, b, paths=json.dumps([recipe.out, b.out]), pathsToLink='["/bin"]')
    out = bench.build(again)
    assert sorted(path.name for path in (out / "bin").iterdir()) == ["x", "y"]
    assert not (out / "share").exists()


def test_join_collisions(bench: Workbench) -> None:
    a = make_tree(bench, "a", bin__x="1")
    b = make_tree(bench, "b", bin__x="2")
    with pytest.raises(BuildError) as caught:
        bench.build(bench.derive("j", "builtin:join", a, b, paths=f"{a.out} {b.out}"))
    assert caught.value.code == "collision" and f"{a.out}/bin/x" in caught.value.message
    out = bench.build(bench.derive("k", "builtin:join", a, b, paths=f"{a.out} {b.out}", ignoreCollisions="1"))
    assert str((out / "bin/x").readlink()) == f"{a.out}/bin/x"


def test_builders_stay_in_the_store(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "view").mkdir()
    (tmp_path / "view/hosts").symlink_to("/etc/hosts")
    (tmp_path / "view/etc").symlink_to("/etc")
    view = bench.store.add_path(tmp_path / "view", "view")
    for target in ("/etc/hosts", f"{view}/../../../etc/hosts", f"{view}/etc/hosts"):
        entries = json.dumps([{"path": "x", "kind": "copy", "target": target}])
        with pytest.raises((BuildError, StoreError), match=r"not in the store|leads out"):
            bench.build(bench.derive("t", "builtin:tree", entries=entries, sources=(view,)))
    joined = bench.build(bench.derive("j", "builtin:join", paths=view, sources=(view,)))
    assert (joined / "etc").is_symlink() and (joined / "hosts").is_symlink()


SECRET = "known to root alone"


def make_view(bench: Workbench, tmp_path: Path) -> str:
    """A tree whose links lead to a secret of this machine."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text(SECRET)
    (tmp_path / "view").mkdir()
    (tmp_path / "view/file").symlink_to(tmp_path / "outside/secret")
    (tmp_path / "view/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "view/own").write_text("own")
    (tmp_path / "view/link").symlink_to("own")
    return bench.store.add_path(tmp_path / "view", "view")


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        ("VIEW/file", ""),
        ("VIEW/folder/secret", ""),
        ("file", "VIEW"),
        ("secret", "VIEW/folder"),
        ("{% include 'file' %}", "VIEW"),
        ("{% include 'folder/secret' %}", "VIEW"),
        ("{% include '../../../../outside/secret' %}", "VIEW"),
        ("x", "/osconf/store/.temporary"),
    ],
)
def test_templates_are_read_in_the_store_alone(bench: Workbench, tmp_path: Path, template: str, folder: str) -> None:
    view = make_view(bench, tmp_path)
    template, folder = (text.replace("VIEW", view) for text in (template, folder))
    recipe = bench.derive("r", "builtin:render", template=template, templates=folder, sources=(view,))
    with pytest.raises((BuildError, StoreError), match=r"leads out|not in the store|outside/secret$"):
        bench.build(recipe)


def test_templates_are_read_through_links_of_the_store(bench: Workbench, tmp_path: Path) -> None:
    view = make_view(bench, tmp_path)
    recipe = bench.derive("r", "builtin:render", template=f"{view}/link", sources=(view,))
    assert bench.build(recipe).read_text() == "own"


def test_join_looks_at_nothing_outside(bench: Workbench, tmp_path: Path) -> None:
    view = make_view(bench, tmp_path)
    options = {"paths": view, "sources": (view,)}
    assert list(bench.build(bench.derive("a", "builtin:join", pathsToLink="folder", **options)).iterdir()) == []
    (tmp_path / "outside/deep").mkdir()
    assert list(bench.build(bench.derive("b", "builtin:join", pathsToLink="folder/deep", **options)).iterdir()) == []
    joined = bench.build(bench.derive("c", "builtin:join", **options))
    assert sorted(entry.name for entry in joined.iterdir()) == ["file", "folder", "link", "own"]
    assert (joined / "folder").is_symlink()


def test_files_for_strangers_are_public(bench: Workbench, tmp_path: Path) -> None:
    """Somebody else's build is told nothing of what only root may read, not even its hash."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "secret").write_text(SECRET)
        recipe = bench.derive(
            "f",
            "builtin:fetchurl",
            fixed=("sha256", hash_bytes("sha256", SECRET.encode()).base16()),
            urls=json.dumps([f"file://{place}/link", f"file://{place}/secret"]),
        )
        (place / "link").symlink_to(place / "secret")
        for file_mode, directory_mode in ((0o640, 0o755), (0o644, 0o750)):
            (place / "secret").chmod(file_mode)
            place.chmod(directory_mode)
            with pytest.raises(FetchError, match="not everybody may read it"):
                bench.build(recipe, public_files=True)
        place.chmod(0o755)
        assert bench.build(recipe, public_files=True).read_text() == SECRET


def test_copies_follow_links_between_store_paths(bench: Workbench, tmp_path: Path) -> None:
    note = make_tree(bench, "note", share__note="hello")
    link = {"path": "share", "kind": "link", "target": f"{note.out}/share"}
    view = bench.derive("view", "builtin:tree", note, entries=json.dumps([link]))
    entries = json.dumps([{"path": "x", "kind": "copy", "target": f"{view.out}/share/note"}])
    assert (bench.build(bench.derive("t", "builtin:tree", view, entries=entries)) / "x").read_text() == "hello"


def test_templates_cannot_run_code(bench: Workbench) -> None:
    with pytest.raises(BuildError, match="unsafe"):
        bench.build(bench.derive("r", "builtin:render", template="{{ ().__class__.__base__.__subclasses__() }}"))


def test_render_with_a_folder(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/main.j2").write_text("{% include 'part.j2' %}{{ name | shell_quote }}\n")
    (tmp_path / "templates/part.j2").write_text("part of {{ name }}\n")
    folder = bench.store.add_path(tmp_path / "templates", "templates")
    recipe = bench.derive(
        "r", "builtin:render", template="main.j2", templates=folder, context='{"name": "a b"}', destination="etc/r"
    )
    assert (bench.build(recipe) / "etc/r").read_text() == "part of a b\n'a b'\n"


def test_render_errors_name_template_and_line(bench: Workbench) -> None:
    with pytest.raises(BuildError, match=r"line 2"):
        bench.build(bench.derive("r", "builtin:render", template="a\n{% if %}\n"))


class _Handler(http.server.BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.answers.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.answers = {"/good/f": (200, b"data"), "/other/f": (200, b"wrong")}
    _Handler.asked = []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


FIXED = ("sha256", hash_bytes("sha256", b"data").base16())


def test_fetch_tries_mirrors_and_fills_the_cache(bench: Workbench, server: str, tmp_path: Path) -> None:
    mirrors = {"m": (f"{server}/none", f"{server}/other/", f"{server}/good")}
    recipe = bench.derive("f", "builtin:fetchurl", url="mirror://m/f", fixed=FIXED)
    out = bench.build(recipe, mirrors=mirrors, cache_dir=tmp_path / "cache")
    assert out.read_text() == "data"
    assert _Handler.asked == ["/none/f", "/other/f", "/good/f"]
    again = bench.derive("g", "builtin:fetchurl", url="mirror://m/f", fixed=FIXED)
    bench.build(again, mirrors=mirrors, cache_dir=tmp_path / "cache", offline=True)
    assert len(_Handler.asked) == 3


@pytest.mark.parametrize(
    ("url", "code"),
    [("{server}/other/f", "hash-mismatch"), ("{server}/none", "fetch-failed"), ("mirror://unknown/f", "no-mirror")],
)
def test_fetch_errors(bench: Workbench, server: str, url: str, code: str) -> None:
    with pytest.raises(FetchError) as caught:
        bench.build(bench.derive("f", "builtin:fetchurl", url=url.format(server=server), fixed=FIXED))
    assert caught.value.code == code


@pytest.mark.parametrize("suffix", ["", ".xz"])
def test_fetched_archives_are_unpacked(bench: Workbench, server: str, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/run").write_text("#!")
    (tmp_path / "tree/run").chmod(0o755)
    archive = io.BytesIO()
    nar.dump_path(tmp_path / "tree", archive.write)
    data = lzma.compress(archive.getvalue()) if suffix else archive.getvalue()
    _Handler.answers |= {f"/sound{suffix}": (200, data), f"/cut{suffix}": (200, data[: len(data) // 2])}
    known = nar.hash_path(tmp_path / "tree")[0]
    for name in ("sound", "cut"):
        fixed = (f"r:{known.algorithm}", known.base16())
        drv = bench.derive(name, "builtin:fetchurl", url=f"{server}/{name}{suffix}", unpack="1", fixed=fixed)
        if name == "cut":
            with pytest.raises(BuildError, match="is no sound Nix archive"):
                bench.build(drv)
        else:
            assert nar.hash_path(bench.build(drv))[0] == known


def test_fetch_wants_a_hash(bench: Workbench) -> None:
    with pytest.raises(BuildError) as caught:
        bench.build(bench.derive("f", "builtin:fetchurl", url="http://x/y"))
    assert caught.value.code == "no-hash"


def test_settings_are_plain_data() -> None:
    assert BuildSettings() == BuildSettings(jobs=1)


@pytest.mark.parametrize("entries", ["[{}]", "[1]", "5", '[{"path": "a", "text": "x", "mode": "rwx"}]'])
def test_attributes_of_the_wrong_kind_are_no_crash(bench: Workbench, entries: str) -> None:
    with pytest.raises(BuildError, match="'builtin:tree' cannot make 'bad'") as caught:
        bench.build(bench.derive("bad", "builtin:tree", entries=entries))
    assert caught.value.code == "builder-failed" and "--debug" in (caught.value.hint or "")
    assert list(bench.store.layout.temporary.iterdir()) == []
