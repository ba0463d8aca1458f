"""An evaluation with a store: import from derivation, copies, references, fetched sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osconf.build.reporter import QuietReporter
from osconf.errors import OsconfError
from osconf.lang.evaluator import run_deep
from osconf.lang.show import show_value
from osconf.rebuild.session import Session

WRITE = 'derivation { name = "n.nix"; system = "x86_64-linux"; builder = "builtin:write"; text = "{ a = 1 + 1; }"; }'


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Evaluate a text deeply in a session with its own store; `./.` is `tmp_path`."""
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    session = Session.open(
        root=tmp_path / "root", store_dir="/osconf/store", environment=environment, make_reporter=QuietReporter
    )

    def run(text: str) -> str:
        evaluator = session.evaluator()
        return run_deep(lambda: show_value(evaluator.deep_force(evaluator.eval_text(text, str(tmp_path)))))

    yield run
    session.close()


def test_import_from_derivation(show: Callable[[str], str]) -> None:
    assert show(f"import ({WRITE})") == "{ a = 2; }"
    assert show(f"builtins.readFile ({WRITE})") == '"{ a = 1 + 1; }"'
    assert show(f"(import ({WRITE}).drvPath).outPath == ({WRITE}).outPath") == "true"


def test_copies_can_be_read_at_once(show: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("x")
    (tmp_path / "tree" / "other").write_text("y")
    assert show('builtins.readDir "${./tree}"') == '{ file = "regular"; other = "regular"; }'
    kept = 'builtins.path { path = ./tree; name = "t"; filter = path: type: baseNameOf path != "other"; }'
    assert show(f"builtins.readDir ({kept})") == '{ file = "regular"; }'
    assert show('builtins.readFile ("${./tree}" + "/file")') == '"x"'


def test_a_filter_is_asked_with_the_bytes_of_names(show: Callable[[str], str], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "ö").mkdir(parents=True)
    for name in ("ä", "ö/ü", "ö/other", os.fsdecode(b"\xff")):
        (tree / name).write_text("x")
    keep = 'path: kind: assert builtins.pathExists path; kind == "directory" || builtins.elem (baseNameOf path) names'
    names = 'names = [ "ä" "ü" (builtins.substring 0 1 (builtins.readFile ./byte)) ];'
    (tmp_path / "byte").write_bytes(b"\xff")
    assert show(f"let {names} in builtins.deepSeq (builtins.filterSource ({keep}) ./tree) 1") == "1"
    kept = f'let {names} in builtins.path {{ path = ./tree; name = "t"; filter = {keep}; }}'
    read = "map builtins.stringLength (builtins.attrNames (builtins.readDir t))"
    assert show(f"let t = {kept}; in {read}") == "[ 2 2 1 ]"
    assert show(f'let t = {kept}; in builtins.attrNames (builtins.readDir "${{t}}/ö")') == '[ "ü" ]'


def test_names_that_the_store_cannot_have(show: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "ä").write_text("x")
    for text in ('"${./. + "/ä"}"', 'builtins.toFile "ä" "x"'):
        with pytest.raises(OsconfError, match="name 'ä' contains illegal character 'ä'"):
            show(text)


def test_reading_a_store_file_gives_what_it_refers_to(show: Callable[[str], str]) -> None:
    text = 'let a = builtins.toFile "a" "x"; b = builtins.toFile "b" "${a}"; in'
    assert show(f"{text} builtins.attrNames (builtins.getContext (builtins.readFile b)) == [ (toString a) ]") == "true"
    assert show(f"{text} builtins.storePath b == b") == "true"


def test_tarballs_and_files_are_fetched(show: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "file").write_text("x")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "top", "top")
    assert show(f'builtins.readDir (fetchTarball "file://{tmp_path}/t.tar.gz")') == '{ file = "regular"; }'
    assert show(f'builtins.readFile (builtins.fetchurl "file://{tmp_path}/top/file")') == '"x"'
    wrong = "0" * 52
    with pytest.raises(OsconfError) as caught:
        show(f'builtins.fetchurl {{ url = "file://{tmp_path}/top/file"; sha256 = "{wrong}"; }}')
    assert "mismatch" in caught.value.message


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_repositories_are_checked_out(show: Callable[[str], str], tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    who = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "e", "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e"}

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, env=os.environ | who)

    repository.mkdir()
    git("init", "-q")
    (repository / "file").write_text("one")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    (repository / "file").write_text("two")
    git("commit", "-q", "-a", "-m", "two")
    assert show('let r = fetchGit ./repo; in [ r.revCount (builtins.readFile "${r}/file") ]') == '[ 2 "two" ]'
    tagged = 'let r = fetchGit { url = ./repo; ref = "refs/tags/v1"; }; in'
    assert show(f'{tagged} [ r.revCount (builtins.readFile "${{r}}/file") ]') == '[ 1 "one" ]'
    (repository / "file").write_text("changed")
    (repository / "untracked").write_text("no")
    changed = "let r = fetchGit ./repo; in"
    assert show(f"{changed} builtins.readDir r") == '{ file = "regular"; }'
    assert show(f'{changed} [ r.revCount (builtins.stringLength r.dirtyRev) (builtins.readFile "${{r}}/file") ]') == (
        '[ 0 46 "changed" ]'
    )
