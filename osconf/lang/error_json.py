"""An error as data, for programs: what `--json` prints when something went wrong."""

from __future__ import annotations

from typing import Any

from osconf.errors import BuildError, Frame, OsconfError, Position
from osconf.lang.diagnose import from_latin_safely, place_of, steps_of


def describe_error(error: OsconfError) -> dict[str, Any]:
    """A JSON object: code, message, hint, the user's place, and the steps that led there, outermost first."""
    place = place_of(error)
    described: dict[str, Any] = {
        "code": error.code,
        "message": from_latin_safely(error.message),
        "hint": from_latin_safely(error.hint) if error.hint else None,
        "position": _describe_position(place),
        "found": _describe_position(error.position) if error.position != place else None,
        "trace": [_describe_frame(frame) for frame in steps_of(error)],
        "related": [describe_error(other) for other in error.related],
        "exitCode": error.exit_code,
    }
    if isinstance(error, BuildError):
        described["derivation"] = error.drv
        described["log"] = error.log_tail
    return described


def _describe_frame(frame: Frame) -> dict[str, Any]:
    return {"doing": from_latin_safely(frame.doing), "position": _describe_position(frame.position)}


def _describe_position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {"file": from_latin_safely(position.file), "line": position.line, "column": position.column}
