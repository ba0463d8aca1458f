"""`<name>`: reading `NIX_PATH` and `-I`, and looking names up in their entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import osconf
from osconf.errors import EvalError, OsconfError
from osconf.lang.coercion import canonical_path
from osconf.lang.values import Path, from_latin, to_latin

if TYPE_CHECKING:
    from osconf.lang.world import World

TREE = to_latin(str(FilePath(osconf.__file__).resolve().parent.parent))
_CORE_FILES = f"{TREE}/osconf/lang/corepkgs"
_ADDRESS = re.compile(r"channel:|(?:https?|file|channel|git|s3|ssh)://|flake:")
_CHANNELS = "https://channels.nixos.org"
HIDDEN_PRIMOPS = "osconf/primops"

SearchPath = Iterable[tuple[str, str]]
"""Entries: a prefix (empty: any name) and a path or an address."""


def split_search_path(text: str) -> list[str]:
    """The entries of a variable such as `NIX_PATH`: a colon separates them, but not inside an address."""
    entries: list[str] = []
    for part in text.split(":"):
        last = entries[-1] if entries else ""
        begun = last.rpartition("=")[2]
        if ":" not in begun and is_address(f"{begun}:{part}"):
            entries[-1] = f"{last}:{part}"
        else:
            entries.append(part)
    return [entry for entry in entries if entry]


def is_address(path: str) -> bool:
    """Whether an entry's path is the address of a tar archive, or one of its short forms."""
    return _ADDRESS.match(path) is not None


def fetch_address(address: str, world: World) -> str:
    """Download the tree at an address; its store path."""
    if address.startswith("flake:"):
        raise EvalError(f"cannot look anything up in '{address}': osconf has no flakes", code="experimental-feature")
    if address.startswith("channel:"):
        address = f"{_CHANNELS}/{address.removeprefix('channel:')}/nixexprs.tar.xz"
    return world.fetch_url(address, name="source", unpack=True)


def find_in_search_path(entries: SearchPath, name: str, world: World) -> Path | None:
    """The path of `<name>`, links followed: in the first entry that has it, or what comes with the language."""
    for prefix, place in entries:
        rest = _below(prefix, name)
        if rest is None:
            continue
        if is_address(place):
            try:
                place = fetch_address(place, world)
            except OsconfError as error:
                if error.code == "experimental-feature":
                    raise
                world.warn(f"the search path entry '{place}' cannot be downloaded, ignoring: {error.message}")
                continue
        if not place.startswith("/"):
            continue
        found = _existing(f"{place}/{rest}" if rest else place, world)
        if found is not None:
            return Path(found)
    if name == HIDDEN_PRIMOPS:
        return Path(f"/{HIDDEN_PRIMOPS}")
    if name.startswith("nix/"):
        return Path(canonical_path(f"{_CORE_FILES}/{name[4:]}"))
    rest = _below("osconf", name)
    return None if rest is None else Path(canonical_path(f"{TREE}/{rest}"))


def hint_for(name: str) -> str:
    """What to do when a name is nowhere."""
    return f"add it with -I {from_latin(name).partition('/')[0]}=PATH"


def _below(prefix: str, name: str) -> str | None:
    if not prefix:
        return name
    if name == prefix:
        return ""
    return name[len(prefix) + 1 :] if name.startswith(f"{prefix}/") else None


def _existing(path: str, world: World) -> str | None:
    try:
        found = world.resolve_symlinks(canonical_path(path))
        return found if world.path_kind(found) is not None else None
    except OSError:
        return None
