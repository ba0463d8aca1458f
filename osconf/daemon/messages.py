"""What both sides say about paths, results and errors, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osconf.errors import ArchiveError, BuildError, EvalError, OsconfError, StoreError
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import parse_store_path
from osconf.store.gc import GcOptions, GcResult
from osconf.store.places import NotValid
from osconf.store.verify import VerifyReport

_MAX_TEXT = 1 << 16
_FAMILIES: tuple[type[OsconfError], ...] = (BuildError, StoreError, ArchiveError, EvalError)


def encode_info(info: PathInfo) -> dict[str, Any]:
    """Path information; the form is also that of a closure on its way to another machine."""
    return {
        "path": info.path,
        "narHash": info.nar_hash.sri(),
        "narSize": info.nar_size,
        "references": sorted(info.references),
        "deriver": info.deriver,
        "registrationTime": info.registration_time,
        "ultimate": info.ultimate,
        "signatures": list(info.signatures),
        "ca": info.content_address,
    }


def decode_info(entry: Mapping[str, Any], store_dir: str) -> PathInfo:
    """Path information; every path in it is checked."""
    path = str(entry["path"])
    references = frozenset(map(str, entry["references"]))
    deriver = entry.get("deriver")
    for each in (path, *references, *([str(deriver)] if deriver else [])):
        parse_store_path(each, store_dir)
    size = int(entry["narSize"])
    if size < 0:
        raise StoreError(f"'{path}' cannot have {size} bytes", code="bad-message")
    return PathInfo(
        path,
        Hash.parse(str(entry["narHash"])),
        size,
        references,
        deriver=str(deriver) if deriver else None,
        registration_time=int(entry.get("registrationTime") or 0),
        ultimate=bool(entry.get("ultimate")),
        signatures=tuple(map(str, entry.get("signatures") or ())),
        content_address=str(entry["ca"]) if entry.get("ca") else None,
    )


def encode_error(error: OsconfError) -> dict[str, Any]:
    """An error, with everything that its user is shown."""
    found: dict[str, Any] = {
        "family": next((family.__name__ for family in _FAMILIES if isinstance(error, family)), ""),
        "code": error.code,
        "message": error.message[:_MAX_TEXT],
        "hint": error.hint,
        "frames": [frame.doing for frame in error.frames],
    }
    if isinstance(error, BuildError):
        found.update(drv=error.drv, logTail=error.log_tail[-_MAX_TEXT:])
    return found


def decode_error(entry: Mapping[str, Any]) -> OsconfError:
    """The error that the other side had."""
    message, code, hint = str(entry.get("message")), str(entry.get("code") or "error"), entry.get("hint")
    family = next((family for family in _FAMILIES if family.__name__ == entry.get("family")), OsconfError)
    error: OsconfError
    if family is BuildError:
        tail = str(entry.get("logTail") or "")
        error = BuildError(message, drv=entry.get("drv"), log_tail=tail, hint=hint, code=code)
    elif code == NotValid.code:
        error = NotValid(message, hint=hint)
    else:
        error = family(message, hint=hint, code=code)
    for doing in entry.get("frames") or ():
        error.while_(str(doing))
    return error


def encode_gc_options(options: GcOptions) -> dict[str, Any]:
    """What a collection keeps."""
    return {
        "dryRun": options.dry_run,
        "maxFreed": options.max_freed,
        "keepDerivations": options.keep_derivations,
        "keepOutputs": options.keep_outputs,
        "forgotten": sorted(options.forgotten),
    }


def decode_gc_options(entry: Mapping[str, Any]) -> GcOptions:
    """What a collection keeps; links that do not count are for dry runs alone."""
    dry_run = bool(entry.get("dryRun"))
    limit = entry.get("maxFreed")
    return GcOptions(
        dry_run=dry_run,
        max_freed=None if limit is None else int(limit),
        keep_derivations=bool(entry.get("keepDerivations", True)),
        keep_outputs=bool(entry.get("keepOutputs")),
        forgotten=frozenset(map(str, entry.get("forgotten") or ())) if dry_run else frozenset(),
    )


def encode_gc_result(result: GcResult) -> dict[str, Any]:
    """What was removed."""
    return {"paths": list(result.paths), "freed": result.freed, "leftovers": result.leftovers}


def decode_gc_result(entry: Mapping[str, Any]) -> GcResult:
    """What was removed."""
    return GcResult(tuple(map(str, entry["paths"])), int(entry["freed"]), int(entry["leftovers"]))


def encode_report(report: VerifyReport) -> dict[str, Any]:
    """What a verification found."""
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in vars(report).items()
    }


def decode_report(entry: Mapping[str, Any]) -> VerifyReport:
    """What a verification found."""
    return VerifyReport(**entry)
