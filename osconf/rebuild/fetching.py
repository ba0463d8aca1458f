"""Downloads that an evaluation asks for (`builtins.fetchurl`, `fetchTarball`): fetched, checked, put into the store."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.host.process import run_program
from osconf.lang.git import GitCheckout, GitRequest
from osconf.lang.values import from_latin
from osconf.model.hashes import Hash, hash_bytes
from osconf.rebuild.unpacking import extract_below, unpack_tree

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


def fetch_into_store(session: Session, url: str, name: str, *, unpack: bool, expected: str | None) -> str:
    """Fetch a file, or with `unpack` the tree in a tarball; its store path. `expected` is the hash it must have."""
    address = from_latin(url)
    data = session.access.fetcher.read_bytes(address)
    wanted = None if expected is None else Hash.parse(from_latin(expected), "sha256")
    with tempfile.TemporaryDirectory(prefix="osconf-fetch-") as scratch:
        download = Path(scratch, "download")
        download.write_bytes(data)
        if unpack:
            unpacked = unpack_tree(download, Path(scratch, "tree"), address)
            path = session.store.add_path(unpacked.path, from_latin(name), expected=wanted)
            _remember_time(session, path, unpacked.last_modified)
        else:
            path = session.store.add_path(download, from_latin(name), recursive=False, expected=wanted)
    session.store.flush()
    return path


def fetched_time(session: Session, path: str) -> int | None:
    """When the newest file of a fetched tree was changed: in the store, all times are the same."""
    try:
        return int(_time_file(session, path).read_text())
    except (OSError, ValueError):
        return None


def _remember_time(session: Session, path: str, seconds: int) -> None:
    file = _time_file(session, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(str(seconds))
    fresh.replace(file)


def _time_file(session: Session, path: str) -> Path:
    return session.cache_dir / "tree-times" / path.rpartition("/")[2]


def fetch_git_into_store(session: Session, request: GitRequest) -> GitCheckout:
    """Check a revision of a git repository out into the store; a mirror of the repository stays in the cache."""
    url = from_latin(request.url)
    working_tree = Path(url.removeprefix("file://"))
    if not request.rev and not request.ref and working_tree.is_absolute() and (working_tree / ".git").exists():
        checkout = fetch_changed_tree(session, request, working_tree)
        if checkout is not None:
            return checkout
    mirror = session.cache_dir / "git" / hash_bytes("sha256", url.encode()).base32()[:32]
    if not (mirror / "HEAD").exists():
        mirror.parent.mkdir(parents=True, exist_ok=True)
        run_program(["git", "clone", "--quiet", "--mirror", "--", url, str(mirror)])
    git = ["git", "-C", str(mirror)]
    rev = from_latin(request.rev)
    if not rev or run_program([*git, "cat-file", "-e", f"{rev}^{{commit}}"], check=False).exit_code != 0:
        run_program([*git, "remote", "update", "--prune"])
    ref = rev or from_latin(request.ref) or "HEAD"
    rev = run_program([*git, "rev-parse", "--verify", f"{ref}^{{commit}}"]).text
    with tempfile.TemporaryDirectory(prefix="osconf-git-") as scratch:
        tree = Path(scratch, "tree")
        if request.submodules:
            run_program(["git", "clone", "--quiet", str(mirror), str(tree)])
            run_program(["git", "-C", str(tree), "remote", "set-url", "origin", url])
            run_program(["git", "-C", str(tree), "checkout", "--quiet", rev])
            run_program(["git", "-C", str(tree), "submodule", "--quiet", "update", "--init", "--recursive"])
            for leftover in tree.rglob(".git"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        else:
            archive = Path(scratch, "tree.tar")
            run_program([*git, "archive", "--format=tar", f"--output={archive}", rev])
            tree.mkdir()
            with tarfile.open(archive) as members:
                extract_below(members, tree)
        wanted = None if request.expected is None else Hash.parse(from_latin(request.expected), "sha256")
        path = session.store.add_path(tree, from_latin(request.name), expected=wanted)
    session.store.flush()
    count = int(run_program([*git, "rev-list", "--count", rev]).text)
    modified = int(run_program([*git, "log", "-1", "--format=%ct", rev]).text)
    return GitCheckout(path, rev, count, modified)


def fetch_changed_tree(session: Session, request: GitRequest, tree: Path) -> GitCheckout | None:
    """Copy the tracked files of a working tree as they are; None when they are as committed."""
    git = ["git", "-C", str(tree)]
    if not run_program([*git, "status", "--porcelain", "--untracked-files=no"]).text:
        return None
    listed = run_program([*git, "ls-files", "-z"]).stdout.split(b"\0")
    kept: set[str] = set()
    for name in listed:
        path = Path(os.fsdecode(name))
        if name and os.path.lexists(tree / path):
            kept.update(str(part) for part in (path, *path.parents))
    wanted = None if request.expected is None else Hash.parse(from_latin(request.expected), "sha256")
    path_in_store = session.store.add_path(
        tree, from_latin(request.name), keep=lambda relative, _kind: relative in kept, expected=wanted
    )
    session.store.flush()
    head = run_program([*git, "rev-parse", "--verify", "HEAD"], check=False)
    if head.exit_code != 0:
        return GitCheckout(path_in_store, "", 0, 0)
    modified = int(run_program([*git, "log", "-1", "--format=%ct"]).text)
    return GitCheckout(path_in_store, "", 0, modified, dirty_rev=head.text)
