"""What keeps store paths alive: links below gcroots and profiles, processes, osconf's temporary roots."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.hashes import BASE32_ALPHABET, encode_base32, hash_bytes
from osconf.model.store_path import BadStorePath, split_store_path
from osconf.store.layout import StoreLayout
from osconf.store.locks import read_temporary_roots

MAX_ROOTS_OF_USER = 10_000
"""How many links outside the store's own directories a user of the daemon may have remembered."""
_MAX_LINKS = 40
_SYSTEM_LINKS = ("/run/current-system", "/run/booted-system", "/osconf/current-system")


def add_root(layout: StoreLayout, link: Path, target: str) -> None:
    """Make `link` point at `target` by rename, and remember the link when it is outside the roots' own directory."""
    link = Path(os.path.abspath(link))  # noqa: PTH100 - the link itself is meant
    _check_place(link)
    if not _is_inside(layout, link):
        # Before it is made: a result that no collection knows of would be worse than one that is not there yet.
        remember_link(layout, link)
    make_root_link(layout, link, target)


def root_links(layout: StoreLayout, link: Path, target: str) -> dict[Path, str]:
    """The links, with their texts, that `add_root` leaves: the root, and what remembers one that is outside."""
    link = Path(os.path.abspath(link))  # noqa: PTH100 - the link itself is meant
    found = {link: _text_of(layout, link, target)}
    if not _is_inside(layout, link):
        found[_remembering_link(layout.roots / "auto", link)] = str(link)
    return found


def _text_of(layout: StoreLayout, link: Path, target: str) -> str:
    """What a root's link says: for people where the path really is, in the roots' own directory its name."""
    return target if layout.prefix == "" or _is_inside(layout, link) else str(layout.real_path(target))


def make_root_link(layout: StoreLayout, link: Path, target: str) -> Path | None:
    """Make `link` point at `target` by rename; the link's own path when it is one to remember (`remember_link`)."""
    link = Path(os.path.abspath(link))  # noqa: PTH100 - the link itself is meant
    _check_place(link)
    inside = _is_inside(layout, link)
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        replace_link(link, _text_of(layout, link, target))
    except OSError as error:
        raise StoreError(f"cannot make the link '{link}' to '{target}': {error.strerror}", code="no-root") from error
    return None if inside else link


def _check_place(link: Path) -> None:
    if link.exists() and not link.is_symlink():
        raise StoreError(f"cannot make the root '{link}': something that is not a link is there", code="root-exists")


def _is_inside(layout: StoreLayout, link: Path) -> bool:
    """Whether a link is below the directories whose links are all roots."""
    return link.is_relative_to(layout.roots) or link.is_relative_to(layout.profiles)


def remember_link(layout: StoreLayout, link: Path, user: int | None = None) -> Path:
    """Let a link that is somewhere else count as a root, as long as it leads into the store; what remembers it.

    Those that a `user` asked for are counted, and their number has a bound.
    """
    directory = layout.roots / "auto"
    if user is not None:
        directory /= str(user)
    remembered = _remembering_link(directory, link)
    try:
        directory.mkdir(exist_ok=True)
        if user is not None and not remembered.is_symlink() and _count_links(directory) >= MAX_ROOTS_OF_USER:
            raise StoreError(
                f"you have {MAX_ROOTS_OF_USER} links to store paths already: '{link}' cannot be another",
                code="too-many-roots",
                hint="remove results that you need no more",
            )
        replace_link(remembered, str(link))
    except OSError as error:
        raise StoreError(f"cannot remember the link '{link}': {error.strerror}", code="no-root") from error
    return remembered


def _remembering_link(directory: Path, link: Path) -> Path:
    return directory / encode_base32(hash_bytes("sha1", os.fsencode(link)).digest)


def _count_links(directory: Path) -> int:
    """How many links a directory remembers, after those that are gone were forgotten if there are many."""
    names = [name for name in os.listdir(directory) if not name.startswith(".")]  # noqa: PTH208 - names alone
    if len(names) < MAX_ROOTS_OF_USER:
        return len(names)
    gone = [directory / name for name in names if not os.path.lexists((directory / name).readlink())]
    for link in gone:
        link.unlink(missing_ok=True)
    return len(names) - len(gone)


def replace_link(link: Path, target: str) -> None:
    """Make or replace a symbolic link in one step; one that is right stays, and so do the times of its directory."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(target)
    temporary.replace(link)


def find_roots(layout: StoreLayout, *, remove_stale: bool = False, read_temporary: bool = False) -> dict[str, set[str]]:
    """Each store path that is a root, with the names of what makes it one.

    `read_temporary` reads (and tidies) the temporary roots; it wants the gc lock held exclusively. The paths need not
    be valid. `remove_stale` forgets links outside that are gone.
    """
    found: dict[str, set[str]] = {}
    for path, reason in _all_roots(layout, remove_stale, read_temporary):
        found.setdefault(path, set()).add(reason)
    return found


def _all_roots(layout: StoreLayout, remove_stale: bool, read_temporary: bool) -> Iterator[tuple[str, str]]:
    for directory in (layout.roots, layout.profiles):
        yield from _links_below(layout, directory, remove_stale)
    for name in _SYSTEM_LINKS:
        yield from _follow(layout, layout.real_path(name))
    yield from _process_roots(layout)
    if read_temporary:
        for path in read_temporary_roots(layout.temporary_roots):
            yield path, "{temporary}"


def _links_below(layout: StoreLayout, directory: Path, remove_stale: bool) -> Iterator[tuple[str, str]]:
    for parent, directories, names in os.walk(directory):
        for name in (*directories, *names):
            link = Path(parent, name)
            if not link.is_symlink() or name.startswith("."):
                continue
            roots = list(_follow(layout, link))
            yield from roots
            # Other directories may be a user's own, who could put a link to anywhere in their place.
            is_remembered = Path(parent).is_relative_to(layout.roots / "auto")
            if not roots and remove_stale and is_remembered and not os.path.lexists(link.readlink()):
                link.unlink(missing_ok=True)


def _follow(layout: StoreLayout, link: Path) -> Iterator[tuple[str, str]]:
    """The store path that a link leads to, possibly through links outside the store."""
    at = link
    for _ in range(_MAX_LINKS):
        try:
            target = os.path.normpath(at.parent / at.readlink())
        except OSError:
            return
        inside = _inside_store(layout, target) or _inside_store(layout, _without_links(target))
        if inside is not None:
            with suppress(BadStorePath):
                yield split_store_path(inside, layout.store_dir)[0], str(at)
            return
        at = Path(target)


def _inside_store(layout: StoreLayout, target: str) -> str | None:
    """The logical path of a place in the store; None for one outside."""
    for prefix in (f"{layout.prefix}{layout.store_dir}/", f"{layout.store_dir}/"):
        if target.startswith(prefix):
            return f"{layout.store_dir}/{target[len(prefix) :]}"
    return None


def _without_links(target: str) -> str:
    """The same place by the directories' own names: the store may have been opened by another name than today."""
    parent, _, name = target.rpartition("/")
    return f"{os.path.realpath(parent)}/{name}"


def _process_roots(layout: StoreLayout) -> Iterator[tuple[str, str]]:
    """The paths that running processes execute, map, have open, stand in, name in their environment or have mounted."""
    pattern = re.compile(
        re.escape(os.fsencode(f"{layout.store_dir}/")) + b"([%b]{32}-[0-9a-zA-Z+._?=-]+)" % BASE32_ALPHABET.encode()
    )
    own = os.getpid()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == own:
            continue
        texts = []
        for link in (process / "exe", process / "cwd", process / "root", *_open_files(process)):
            with suppress(OSError):
                texts.append(os.fsencode(link.readlink()))
        for name in ("maps", "mountinfo", "environ"):
            with suppress(OSError):
                texts.append((process / name).read_bytes())
        for text in texts:
            for match in set(pattern.findall(text)):
                yield f"{layout.store_dir}/{os.fsdecode(match)}", f"{{process {process.name}}}"


def _open_files(process: Path) -> list[Path]:
    """The links to what a process has open; none for a process that is not ours to look into."""
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []
