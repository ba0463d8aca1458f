"""`builtin:fetchurl`: a file from the network whose hash is known.

Environment: `url` or `urls`; with a recursive hash `executable` ("1"), or `unpack` ("1": the file is a Nix archive,
packed with xz when the URL ends so). URLs may be logical: `mirror://NAME/path`.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import BinaryIO, cast

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.fetch import Download, fetch
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError
from osconf.model import nar
from osconf.model.nar import BadArchive


@builtin_builder(BUILDER_VERSIONS["fetchurl"])
def build_fetchurl(request: BuiltinRequest) -> None:
    """Download to $out; `realise` compares the hash of a fixed output once more."""
    urls = request.words("urls") or [request.text("url")]
    output = request.drv.outputs["out"]
    if not output.is_fixed:
        raise BuildError(
            f"'{request.name}' fetches '{urls[0]}' without a hash",
            drv=request.drv_path,
            code="no-hash",
            hint="give outputHash; a wrong one tells the right one",
        )
    expected = None if output.is_recursive else output.content_hash()
    is_archive = request.flag("unpack")
    place = request.scratch / "archive" if is_archive else request.out
    fetch(Download(tuple(urls), expected), place, request.settings, request.progress)
    if is_archive:
        _unpack(request, place, urls[0])
    if request.flag("executable"):
        request.out.chmod(0o755)


def _unpack(request: BuiltinRequest, archive: Path, url: str) -> None:
    try:
        with lzma.open(archive) if url.endswith(".xz") else archive.open("rb") as file:
            nar.restore(cast(BinaryIO, file), request.out)
    except (BadArchive, lzma.LZMAError, EOFError) as error:
        raise BuildError(f"the file from '{url}' is no sound Nix archive: {error}", drv=request.drv_path) from error
