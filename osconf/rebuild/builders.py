"""Builtin builders that reach the archive, and bringing their .debs here before they run."""

from __future__ import annotations

from collections.abc import Iterable

from osconf.archive.acquire import Access
from osconf.archive.cache import Blob
from osconf.archive.deb import unpack_deb
from osconf.archive.fetch import ProgressCallback
from osconf.build.builtin import BuiltinRequest, BuiltinResult, FunctionBuilder
from osconf.errors import BuildError
from osconf.model.derivation import Derivation

DEB_BUILDER = "builtin:deb"


def _unpack(access: Access, request: BuiltinRequest) -> BuiltinResult:
    """Unpack the .deb that `filename sha256 size base` name. A package refers to no store path."""
    blob = Blob(request.text("filename"), request.text("sha256"), int(request.text("size", "0")))
    deb = access.cache.find_intact(blob.sha256)
    if deb is None:
        request.log(f"downloading {blob.path}")
        deb = access.fetcher.fetch_blob(access.cache, blob, access.mirrors.resolve(request.text("base")))
    control = unpack_deb(deb, request.out, label=blob.path.rpartition("/")[2])
    wanted = request.text("package")
    if control.get("Package") != wanted:
        raise BuildError(
            f"{blob.path} holds the package ‘{control.get('Package')}’, not ‘{wanted}’",
            drv=request.drv_path,
            hint="the index of the source is wrong",
        )
    return BuiltinResult(references={"out": frozenset()})


def make_archive_builders(access: Access) -> dict[str, FunctionBuilder]:
    """The builders that need the archive, by the name after `builtin:`."""

    def build_deb(request: BuiltinRequest) -> BuiltinResult:
        return _unpack(access, request)

    return {"deb": FunctionBuilder("1", build_deb)}


def prefetch_debs(access: Access, derivations: Iterable[Derivation], callback: ProgressCallback | None = None) -> None:
    """Bring the .debs of all `builtin:deb` derivations into the cache, many at a time; others are passed over."""
    wanted = []
    for derivation in derivations:
        if derivation.builder == DEB_BUILDER:
            environment = derivation.env
            blob = Blob(environment["filename"], environment["sha256"], int(environment["size"]))
            wanted.append((blob, access.mirrors.resolve(environment["base"])))
    access.fetcher.fetch_blobs(access.cache, wanted, callback)
