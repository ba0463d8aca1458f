"""Every question to a watched world is written down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from osconf.lang.git import GitRequest
from osconf.lang.values import to_latin
from osconf.lang.world import PureWorld, World
from osconf.memo.evidence import Evidence
from osconf.memo.world import WatchedWorld

Question = Callable[[World, str], object]


class AnsweringWorld(PureWorld):
    """A world that fetches, realises and knows references."""

    def fetch_url(self, url: str, *, name: str, unpack: bool = False, expected: str | None = None) -> str:
        return f"{self.store_dir}/fetched"

    def fetch_git(self, request: GitRequest) -> object:
        return None

    def trace(self, text: str) -> None:
        pass

    warn = trace


@pytest.fixture
def tree(tmp_path: Path) -> str:
    tree = tmp_path / "träe"
    (tree / "folder").mkdir(parents=True)
    (tree / "file").write_text("one")
    (tree / "öffnen").write_text("below")
    (tree / "folder/below").write_text("below")
    (tree / "way").symlink_to("folder")
    time.sleep(0.05)
    return to_latin(str(tree))


def ask(question: Question, tree: str) -> Evidence:
    evidence = Evidence()
    world = WatchedWorld(AnsweringWorld(environment=lambda name: name), evidence, {"SHLVL"})
    question(world, tree)
    return evidence


def keep_files(below: str, kind: str) -> bool:
    assert below in ("file", "folder", "way", "new", to_latin("öffnen"))
    return kind == "regular"


QUESTIONS: dict[str, tuple[Question, str]] = {
    "read_file": (lambda w, t: w.read_file(f"{t}/file"), "file"),
    "read_dir": (lambda w, t: w.read_dir(f"{t}/folder"), "folder/"),
    "path_kind": (lambda w, t: w.path_kind(f"{t}/new"), "new"),
    "file_state": (lambda w, t: w.file_state(f"{t}/file"), "file"),
    "resolve_symlinks": (lambda w, t: w.resolve_symlinks(f"{t}/way/below"), "way"),
    "newest_change": (lambda w, t: w.newest_change(t), "folder/below"),
    "add_path": (lambda w, t: w.add_path(t, "name"), "folder/below"),
    "add_path, flat": (lambda w, t: w.add_path(f"{t}/file", "name", recursive=False), "file"),
    "add_path, filtered": (lambda w, t: w.add_path(t, "name", keep=keep_files), "file"),
    "add_path, filtered, other letters": (lambda w, t: w.add_path(t, "name", keep=keep_files), "öffnen"),
    "add_path, names": (lambda w, t: w.add_path(t, "name", keep=keep_files), "new"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_files(tree: str, name: str) -> None:
    question, changed = QUESTIONS[name]
    evidence = ask(question, tree)
    assert evidence.objection == ""
    assert evidence.holds()
    place = Path(os.fsdecode(tree.encode("latin-1")), changed)
    if changed.endswith("/"):
        (place / "new").touch()
    elif place.is_symlink():
        place.unlink()
        place.symlink_to(".")
    else:
        place.write_text("changed")
    assert not evidence.holds()


def test_what_a_filter_leaves_out_does_not_count(tree: str) -> None:
    evidence = ask(QUESTIONS["add_path, filtered"][0], tree)
    Path(os.fsdecode(tree.encode("latin-1")), "folder/below").write_text("changed")
    assert evidence.holds()


OBJECTIONS: dict[str, Question] = {
    "the clock": lambda w, _t: w.now(),
    "an address": lambda w, _t: w.fetch_url("https://example.org/x", name="x"),
    "a repository": lambda w, _t: w.fetch_git(GitRequest("https://example.org/x")),
    "a trace": lambda w, _t: w.trace("x"),
    "a warning": lambda w, _t: w.warn("x"),
    "a variable that is ignored": lambda w, _t: w.env("SHLVL"),
    "what the kernel makes up": lambda w, _t: w.read_file("/proc/self/status"),
    "what the kernel makes up, of some size": lambda w, _t: w.read_file("/sys/kernel/uevent_seqnum"),
    "what the kernel makes up, as a source": lambda w, _t: w.add_path("/proc/uptime", "x", recursive=False),
    "names that the kernel makes up": lambda w, _t: w.read_dir("/proc"),
    "a path that is not valid": lambda w, _t: w.is_valid(f"{w.store_dir}/x"),
}


@pytest.mark.parametrize("name", OBJECTIONS)
def test_what_cannot_be_looked_at_again(tree: str, name: str) -> None:
    assert ask(OBJECTIONS[name], tree).objection


STORED: dict[str, Question] = {
    "read_file": lambda w, _t: w.read_file(w.add_text("x", b"x", ())),
    "path_kind": lambda w, _t: w.path_kind(w.add_text("x", b"x", ())),
    "is_valid": lambda w, _t: w.is_valid(w.add_text("x", b"x", ())),
    "references": lambda w, _t: w.references(w.add_text("x", b"x", ())),
    "below": lambda w, _t: w.path_kind(f"{w.store_dir}/x/y/z"),
    "fetch_url": lambda w, _t: w.fetch_url("https://example.org/x", name="x", expected="sha256-x"),
}


@pytest.mark.parametrize("name", STORED)
def test_what_is_in_the_store_has_to_be_valid(tree: str, name: str) -> None:
    evidence = ask(STORED[name], tree)
    assert evidence.objection == ""
    # No store has it, so it does not hold.
    assert not evidence.holds()


def test_names_that_go_away_while_they_are_read(tree: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def scan_and_remove(path: str) -> AbstractContextManager[list[os.DirEntry[str]]]:
        entries = list(scan(path))
        Path(path, "file").unlink()
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", scan_and_remove)
    kinds = {"folder": "directory", "way": "symlink", to_latin("öffnen"): "regular", "file": "regular"}
    assert PureWorld().read_dir(tree) == kinds


def test_answers_are_those_of_the_world(tree: str) -> None:
    world = PureWorld(environment=lambda name: f"value of {name}")
    watched = WatchedWorld(world, Evidence(), ())
    assert watched.store_dir == world.store_dir
    assert watched.system == world.system
    assert watched.env("X") == "value of X"
    assert watched.read_file(f"{tree}/file") == b"one"
    assert watched.read_dir(f"{tree}/folder") == {"below": "regular"}
    assert watched.path_kind(f"{tree}/way") == "symlink"
    assert watched.resolve_symlinks(f"{tree}/way/below") == f"{tree}/folder/below"
    assert watched.add_path(tree, "x", keep=keep_files) == world.add_path(tree, "x", keep=keep_files)
    assert watched.add_path(tree, "x") == world.add_path(tree, "x")
    with pytest.raises(FileNotFoundError):
        watched.read_file(f"{tree}/missing")
