"""Following links inside the store, whose targets are logical: the operating system would look in the wrong root.

What builds read goes through here: a store path's content may be a stranger's, and its links lead anywhere.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from osconf.errors import StoreError
from osconf.store.layout import StoreLayout

_MAX_LINKS = 40


class LeadsOut(StoreError):
    """A path leads out of the store."""

    code = "leads-out-of-store"


def follow_links(layout: StoreLayout, path: str, *, follow_last: bool = False) -> Path:
    """The physical place of a path at or in a store path, links on the way resolved; it need not exist.

    The last part is resolved too with `follow_last`. Raises `LeadsOut` when a link leaves the store: what it finds on
    this machine must not matter.
    """
    prefix = f"{layout.store_dir}/"
    done, left = "", _parts(path)
    for _ in range(_MAX_LINKS):
        while left:
            at = f"{done}/{left[0]}"
            place = layout.real_path(at)
            if at.startswith(prefix) and (len(left) > 1 or follow_last) and place.is_symlink():
                break
            done, left = at, left[1:]
        else:
            # Names with a dot are the store's own: what is being made, what waits for removal.
            if not done.startswith(prefix) or done.startswith(f"{prefix}."):
                raise LeadsOut(f"'{path}' leads out of the store, to '{done}'")
            return layout.real_path(done)
        target = str(place.readlink())
        if target.startswith(f"{layout.prefix}{prefix}"):
            target = target[len(layout.prefix) :]
        done, left = "", [*_parts(posixpath.normpath(posixpath.join(done, target))), *left[1:]]
        if not ("/" + "/".join(left) + "/").startswith(prefix):
            raise LeadsOut(f"'{path}' leads out of the store, to '/{'/'.join(left)}'")
    raise LeadsOut(f"'{path}' has too many links on its way")


def _parts(path: str) -> list[str]:
    return [part for part in posixpath.normpath(path).split("/") if part]


def find_plain_file(root: Path, relative: str) -> Path | None:
    """The plain file at a path below `root`; None when there is none, or only one behind a link."""
    place = root
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if ".." in parts or root.is_symlink():
        return None
    for part in parts:
        place /= part
        if place.is_symlink():
            return None
    return place if place.is_file() else None
