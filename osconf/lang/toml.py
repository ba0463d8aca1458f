"""TOML to values: `builtins.fromTOML`."""

from __future__ import annotations

import datetime
import math
from typing import Any

from osconf.errors import EvalError
from osconf.lang.runtime import INT_MAX, INT_MIN
from osconf.lang.values import Value, from_latin, to_latin


def parse_toml(text: str, *, has_timestamps: bool = False) -> Value:
    """A value of plain data; dates and times have no counterpart in the language: refused, or sets that hold a text."""
    import tomllib

    try:
        data = tomllib.loads(from_latin(text).replace("\r\n", "\n"), parse_float=_read_float)
    except tomllib.TOMLDecodeError as error:
        raise EvalError(f"while parsing TOML: {error}", code="invalid-toml") from None
    return _to_value(data, has_timestamps)


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number) and not text.endswith("inf"):
        raise EvalError(f"while parsing TOML: the number {text} is out of range", code="invalid-toml")
    return number


def _to_value(data: Any, has_timestamps: bool) -> Value:
    kind = type(data)
    if kind is str:
        if "\0" in data:
            raise EvalError("while parsing TOML: a string with null bytes cannot be represented", code="invalid-toml")
        return to_latin(data)
    if kind is list:
        return tuple([_to_value(item, has_timestamps) for item in data])
    if kind is dict:
        return {to_latin(name): _to_value(item, has_timestamps) for name, item in data.items()}
    if kind is int and not INT_MIN <= data <= INT_MAX:
        raise EvalError(f"while parsing TOML: the integer {data} does not fit into 64 bits", code="invalid-toml")
    if isinstance(data, datetime.date | datetime.time):
        if not has_timestamps:
            raise EvalError("while parsing TOML: Dates and times are not supported", code="invalid-toml")
        return {"_type": "timestamp", "value": _write_time(data)}
    return data


def _write_time(moment: datetime.date | datetime.time) -> str:
    whole, point, rest = moment.isoformat().partition(".")
    fraction, zone = rest[:6], rest[6:]
    return f"{whole}{point}{fraction.rstrip('0')}{zone}".replace("+00:00", "Z")
