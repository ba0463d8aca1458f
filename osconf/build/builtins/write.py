"""`builtin:write`: a file with a given text.

Environment: `text`; `executable` ("1" or empty); `destination`, a path below $out, or empty when $out is the file.
"""

from __future__ import annotations

from pathlib import Path

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError


def write_result(request: BuiltinRequest, data: bytes) -> None:
    """Write the one file of an output, as `destination` and `executable` say."""
    destination = request.text("destination", "")
    place = place_inside(request, request.out, destination) if destination else request.out
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    if request.flag("executable"):
        place.chmod(0o755)


def place_inside(request: BuiltinRequest, base: Path, relative: str) -> Path:
    """The place of a relative path below `base`; raises `BuildError` when it would lead out, also through a link."""
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BuildError(f"the path '{relative}' in '{request.name}' leads out of the output", drv=request.drv_path)
    for count in range(1, len(parts)):
        if base.joinpath(*parts[:count]).is_symlink():
            raise BuildError(
                f"the path '{relative}' in '{request.name}' is behind the link '{'/'.join(parts[:count])}'",
                drv=request.drv_path,
            )
    return base.joinpath(*parts)


@builtin_builder(BUILDER_VERSIONS["write"])
def build_write(request: BuiltinRequest) -> None:
    """Write `text`."""
    write_result(request, request.text("text").encode("utf-8", "surrogateescape"))
