"""The fetching builtins: how they read their arguments and what they ask of the world."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from osconf.errors import EvalError, OsconfError
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep
from osconf.lang.git import GitCheckout, GitRequest
from osconf.lang.primops.fetchers import format_date
from osconf.lang.show import show_value

sys.path.insert(0, str(Path(__file__).parent))
from language import QuietWorld

TREE = "/nix/store/g0zr3b4qxviadj90vwb4z3r65n8llq6x-source"
REV = "9e063e4e075e3c0242630e9eea6def3e9e0adb39"
HASH = "sha256-rabkeCHVW+mt5M2vNOsrlk/5kRhS+YKOrQrtvRQwow8="


class FetchingWorld(QuietWorld):
    """Answers every fetch with the same tree and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.checkout = GitCheckout(TREE, REV, 3, 0)
        self._nar_hashes[TREE] = HASH
        self.time: int | None = 1700000000

    def newest_change(self, path: str) -> int | None:
        return self.time if path == TREE else super().newest_change(path)

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        self.asked.append((url, name, unpack, expected))
        return TREE

    def fetch_git(self, request: GitRequest) -> GitCheckout:
        self.asked.append(request)
        return self.checkout


def run(world: FetchingWorld, text: str, **settings: Any) -> str:
    evaluator = Evaluator(world, settings=EvalSettings(**settings))
    return run_deep(lambda: show_value(evaluator.deep_force(evaluator.eval_text(text))))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ('builtins.fetchurl "http://x/a.txt"', ("http://x/a.txt", "a.txt", False, None)),
        ('builtins.fetchurl { url = "http://x/a"; name = "b"; }', ("http://x/a", "b", False, None)),
        (f'builtins.fetchurl {{ url = "http://x/a"; sha256 = "{HASH}"; }}', ("http://x/a", "a", False, HASH)),
        ('fetchTarball "http://x/a.tar.gz"', ("http://x/a.tar.gz", "source", True, None)),
        (
            'fetchTree { type = "github"; owner = "o"; repo = "r"; ref = "main"; }',
            ("https://github.com/o/r/archive/main.tar.gz", "source", True, None),
        ),
        (
            f'fetchTree {{ type = "tarball"; url = "http://x/t"; narHash = "{HASH}"; }}',
            ("http://x/t", "source", True, HASH),
        ),
        ('fetchTree "https://x/a.tar.gz"', ("https://x/a.tar.gz", "source", True, None)),
        ('fetchTree "tarball+https://x/a?b=c"', ("https://x/a?b=c", "source", True, None)),
        (
            'fetchTree "github:o/r/v1.0?host=h.example"',
            ("https://h.example/o/r/archive/v1.0.tar.gz", "source", True, None),
        ),
        (
            f'fetchTree "gitlab:o/r/{REV}"',
            (f"https://gitlab.com/o/r/-/archive/{REV}/r-{REV}.tar.gz", "source", True, None),
        ),
        ('fetchTree "git+https://x/r?ref=b&submodules=1"', GitRequest("https://x/r", ref="b", submodules=True)),
        (f'fetchTree "git+ssh://x/r?rev={REV}&dir=d"', GitRequest("ssh://x/r?dir=d", rev=REV)),
        ("fetchGit ./repo", GitRequest("/repo")),
        ('fetchGit "https://x/repo"', GitRequest("https://x/repo")),
        (
            f'fetchGit {{ url = "https://x/r"; rev = "{REV}"; ref = "b"; submodules = true; allRefs = true; }}',
            GitRequest("https://x/r", rev=REV, ref="b", submodules=True, all_refs=True),
        ),
    ],
)
def test_what_the_world_is_asked(text: str, asked: object) -> None:
    world = FetchingWorld()
    run(world, text)
    assert world.asked == [asked]


def test_a_checkout_as_a_set() -> None:
    world = FetchingWorld()
    assert run(world, "fetchGit ./repo") == (
        f'{{ lastModified = 0; lastModifiedDate = "19700101000000"; narHash = "{HASH}"; outPath = "{TREE}"; '
        f'rev = "{REV}"; revCount = 3; shortRev = "9e063e4"; submodules = false; }}'
    )
    world.checkout = GitCheckout(TREE, "", 0, 0, dirty_rev=REV)
    assert run(world, "let r = fetchGit ./repo; in [ r.rev r.dirtyShortRev ]") == f'[ "{"0" * 40}" "9e063e4-dirty" ]'
    assert run(world, 'builtins.attrNames (builtins.getContext "${fetchGit ./repo}")') == f'[ "{TREE}" ]'


def test_what_a_tree_tells() -> None:
    world = FetchingWorld()
    tree = f'narHash = "{HASH}"; outPath = "{TREE}"; '
    changed = 'lastModified = 1700000000; lastModifiedDate = "20231114221320"; '
    archive = 'type = "tarball"; url = "http://x/t.tar";'
    assert run(world, f"fetchTree {{ {archive} }}") == f"{{ {changed}{tree}}}"
    world.time = None
    assert run(world, f'fetchTree {{ {archive} rev = "{REV}"; revCount = 3; }}') == (
        f'{{ {tree}rev = "{REV}"; revCount = 3; shortRev = "9e063e4"; }}'
    )
    assert "revCount = 3" in run(world, 'fetchTree { type = "git"; url = "/r"; }')
    assert "revCount" not in run(world, 'fetchTree { type = "git"; url = "/r"; ref = "main"; }')
    assert "revCount = 3" in run(world, 'fetchTree "git+file:/r?ref=main"')
    world.checkout = GitCheckout(TREE, "", 0, 0, dirty_rev=REV)
    assert " rev = " not in run(world, 'fetchTree { type = "git"; url = "/r"; }')


def test_the_time_of_a_folder_is_that_of_its_newest_file(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    for path, seconds in ((tmp_path / "old", 1), (tmp_path, 86400)):
        os.utime(path, (seconds, seconds))
    text = f'let t = fetchTree "path:{tmp_path}"; in [ t.lastModified t.lastModifiedDate ]'
    assert run(FetchingWorld(), text) == '[ 86400 "19700102000000" ]'
    assert run(FetchingWorld(), f'(fetchTree "path:{tmp_path}?lastModified=5").lastModified') == "5"


def test_what_is_known_by_its_hash_is_not_fetched_again() -> None:
    world = FetchingWorld()
    text = run(world, f'fetchTarball {{ url = "http://x"; sha256 = "{HASH}"; }}')
    assert text == f'"{TREE}"'
    world._paths.add("/nix/store/n6c7cjyv7gsi52ggs8yyqldgmw29cvnq-source")
    text = run(world, f'fetchTarball {{ url = "http://x"; sha256 = "{HASH}"; }}')
    assert text == '"/nix/store/n6c7cjyv7gsi52ggs8yyqldgmw29cvnq-source"'
    assert len(world.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "builtins.fetchurl { }",
        "builtins.fetchurl 1",
        'builtins.fetchurl { url = "x"; foo = "y"; }',
        'fetchTarball { url = "x"; sha256 = "no hash"; }',
        "fetchGit { }",
        'fetchGit { url = "/x"; rev = "xyz"; }',
        'fetchGit { url = "/x"; foo = 1; }',
        'fetchMercurial "x"',
        "fetchTree { }",
        'fetchTree { type = "nope"; }',
        'fetchTree { type = "tarball"; url = "x"; ref = "main"; }',
        'fetchTree { type = "git"; url = "/r"; lastModified = 5; }',
        'fetchTree "no address"',
        'fetchTree "github:owner"',
        'fetchTree "github:o/r/main?ref=other"',
        'fetchTree "ftp://x/y.tar"',
        'fetchTree { type = "path"; path = "relative"; }',
    ],
)
def test_mistakes(text: str) -> None:
    with pytest.raises(OsconfError):
        run(FetchingWorld(), text)


@pytest.mark.parametrize("text", ['builtins.fetchurl "http://x"', "fetchGit ./x", 'builtins.storePath "/nix/store/x"'])
def test_pure_evaluation_fetches_only_what_is_locked(text: str) -> None:
    with pytest.raises(EvalError) as caught:
        run(FetchingWorld(), text, pure=True)
    assert caught.value.code == "impure"


def test_dates_are_utc() -> None:
    assert format_date(1795166012) == "20261120091332"
