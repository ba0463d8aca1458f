"""`builtin:fetchurl`: a file from the network whose hash is known.

Environment: `url` or `urls`; `executable` ("1", with a recursive hash). URLs may be logical: `mirror://NAME/path`.
"""

from __future__ import annotations

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.fetch import Download, fetch
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError


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
    fetch(Download(tuple(urls), expected), request.out, request.settings, request.progress)
    if request.flag("executable"):
        request.out.chmod(0o755)
