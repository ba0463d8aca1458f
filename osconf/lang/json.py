"""JSON in both directions, with the texts and limits of Nix: `builtins.toJSON`, `fromJSON`, `eval --json`."""

from __future__ import annotations

import json as python_json
import math
from json.encoder import encode_basestring as quote_text
from typing import Any

from osconf.errors import EvalError
from osconf.lang.grisu import shortest_digits
from osconf.lang.runtime import attr_position, call, coerce_to_string, force, function_position, show_type
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value, from_latin, with_context

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1


def format_json_float(number: float) -> str:
    """A text that reads back as the same number, in nlohmann's layout; null when it is not finite."""
    if not math.isfinite(number):
        return "null"
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    if number == 0.0:
        return sign + "0.0"
    digits, exponent = shortest_digits(abs(number))
    count = len(digits)
    point = count + exponent
    if count <= point <= 15:
        return f"{sign}{digits}{'0' * (point - count)}.0"
    if 0 < point <= 15:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -4 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    power = point - 1
    return f"{sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def quote_json(text: str) -> str:
    """A string value as a JSON string; the bytes must be UTF-8."""
    if not text.isascii():
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError as error:
            byte = ord(text[error.start])
            raise EvalError(
                f"JSON serialization error: [json.exception.type_error.316] invalid UTF-8 byte at index "
                f"{error.start}: 0x{byte:02X}"
            ) from None
    return str(quote_text(text))


def write_json(value: Value, *, copy_to_store: bool = True) -> str:
    """`builtins.toJSON`: the text, carrying the context of every string in it."""
    context: set[str] = set()
    text = _write(value, context, copy_to_store)
    return with_context(text, context) if context else text


def to_json(value: Value, *, copy_to_store: bool = True) -> str:
    """`eval --json`: the same without context, as ordinary Python text."""
    return from_latin(str(write_json(value, copy_to_store=copy_to_store)))


def _write(value: Value, context: set[str], copy_to_store: bool) -> str:
    if type(value) is list:
        value = value[1] if value[0] is None else force(value)
    kind = type(value)
    if kind is str:
        return str(quote_text(value)) if value.isascii() else quote_json(value)
    if kind is dict or kind is LazyAttrs:
        return _write_attrs(value, context, copy_to_store)
    if kind is tuple:
        parts = []
        try:
            for item in value:
                parts.append(_write(item, context, copy_to_store))
        except EvalError as error:
            error.while_(f"while evaluating list element at index {len(parts)}")
            raise
        return f"[{','.join(parts)}]"
    if kind is ContextStr:
        context |= value.context
        return quote_json(str(value))
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if kind is int:
        return str(value)
    if kind is float:
        return format_json_float(value)
    if kind is Path:
        if not copy_to_store:
            return quote_json(value.text)
        return _write(coerce_to_string(value, copy_to_store=True), context, copy_to_store)
    raise EvalError(
        f"cannot convert {show_type(value)} to JSON", code="not-convertible", position=function_position(value)
    )


def _write_attrs(attrs: Any, context: set[str], copy_to_store: bool) -> str:
    if "__toString" in attrs:
        text = coerce_to_string(call(force(attrs["__toString"]), attrs), copy_to_store=copy_to_store)
        return _write(text, context, copy_to_store)
    if "outPath" in attrs:
        return _write(attrs["outPath"], context, copy_to_store)
    parts = []
    name = ""
    try:
        for name in sorted(attrs):
            item = attrs[name]
            key = quote_text(name) if name.isascii() else quote_json(name)
            parts.append(f"{key}:{_write(item, context, copy_to_store)}")
    except EvalError as error:
        error.while_(f"while evaluating attribute '{name}'", attr_position(attrs, name))
        raise
    return f"{{{','.join(parts)}}}"


def parse_json(text: str) -> Value:
    """`builtins.fromJSON`: a value of plain data."""
    plain = from_latin(text)
    try:
        data = python_json.loads(plain, parse_constant=_refuse_constant)
    except python_json.JSONDecodeError as error:
        raise _parse_error(f"parse error at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _parse_error("the text is nested too deeply") from None
    return _to_value(data)


def _parse_error(message: str) -> EvalError:
    error = EvalError(f"invalid JSON: {message}", code="invalid-json")
    error.while_("while decoding a JSON string")
    return error


def _refuse_constant(text: str) -> Value:
    raise _parse_error(f"'{text}' is not a JSON value")


def _to_value(data: Any) -> Value:
    kind = type(data)
    if kind is str:
        return _to_string(data)
    if kind is list:
        return tuple([_to_value(item) for item in data])
    if kind is dict:
        return {_to_string(name): _to_value(item) for name, item in data.items()}
    if kind is int and not INT_MIN <= data <= INT_MAX:
        if 0 < data <= UINT_MAX:
            raise EvalError(f"unsigned json number {data} outside of Nix integer range")
        return _checked_float(float(data))
    if kind is float:
        return _checked_float(data)
    return data


def _checked_float(number: float) -> float:
    if math.isinf(number):
        raise _parse_error("a number is out of range")
    return number


def _to_string(text: str) -> str:
    if text.isascii():
        if "\0" in text:
            shown = text.replace("\0", "␀")
            raise EvalError(
                f"input string '{shown}' cannot be represented as Nix string because it contains null bytes"
            )
        return text
    if "\0" in text:
        raise EvalError("a string with null bytes cannot be represented")
    try:
        return text.encode("utf-8").decode("latin-1")
    except UnicodeEncodeError:
        # Either a lone \\ud800 escape or bytes that are not UTF-8.
        raise _parse_error("invalid string: not well-formed Unicode") from None
