"""`builtin:tree`: a directory made of links, copies and texts.

Environment: `entries`, a JSON list of {"path", "kind", "target" | "text", "mode"}. Kinds: `link` (to the target, as it
is written), `copy` (of a file or tree in the store), `text`, `directory`. Later entries may not repeat a path.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.builtins.write import place_inside
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError
from osconf.store.copying import copy_tree
from osconf.store.follow import follow_links


@builtin_builder(BUILDER_VERSIONS["tree"])
def build_tree(request: BuiltinRequest) -> None:
    """Make every entry, parents first."""
    entries: list[Mapping[str, Any]] = request.json("entries", [])
    if len(entries) != 1 or entries[0]["path"].strip("/.") != "":
        request.out.mkdir()
    for entry in sorted(entries, key=lambda entry: str(entry["path"]).strip("/").split("/")):
        place = place_inside(request, request.out, str(entry["path"]))
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place) and not (entry.get("kind") == "directory" and place.is_dir()):
            raise BuildError(
                f"'{request.name}' has two entries for '{entry['path']}'", drv=request.drv_path, code="duplicate-entry"
            )
        _make_entry(request, entry, place)


def _make_entry(request: BuiltinRequest, entry: Mapping[str, Any], place: Path) -> None:
    kind = entry.get("kind", "text" if "text" in entry else "link")
    if kind == "link":
        place.symlink_to(str(entry["target"]))
    elif kind == "copy":
        request.real_path(str(entry["target"]))
        copy_tree(follow_links(request.store.layout, str(entry["target"])), place)
    elif kind == "text":
        text = entry["text"] if "text" in entry else entry.get("target", "")
        place.write_bytes(str(text).encode("utf-8", "surrogateescape"))
    elif kind == "directory":
        place.mkdir(exist_ok=True)
    else:
        raise BuildError(f"'{request.name}' has an entry of unknown kind '{kind}'", drv=request.drv_path)
    if entry.get("mode") and place.is_file() and not place.is_symlink():
        place.chmod(int(str(entry["mode"]), 8) | 0o200)
