"""Primops that write and read JSON, XML and TOML."""

from __future__ import annotations

from osconf.lang.json import parse_json, write_json
from osconf.lang.primops.expect import expect_plain_string
from osconf.lang.primops.registry import current, primop
from osconf.lang.toml import parse_toml
from osconf.lang.values import Value, with_context
from osconf.lang.xml import write_xml


@primop("toJSON", "!")
def to_json(value: Value) -> str:
    """`any -> string`: the value as JSON; derivations become their output paths, paths are copied to the store.

    builtins.toJSON { a = [ 1 true ]; }  =>  "{\\"a\\":[1,true]}"
    """
    return write_json(value)


@primop("fromJSON", "!")
def from_json(text: Value) -> Value:
    """`string -> any`: read JSON.

    builtins.fromJSON "[1, null]"  =>  [ 1 null ]
    """
    return parse_json(expect_plain_string(text, "the first argument passed to builtins.fromJSON"))


@primop("fromTOML", "!")
def from_toml(text: Value) -> Value:
    """`string -> attrs`: read TOML; dates are refused.

    builtins.fromTOML "x = 1"  =>  { x = 1; }
    """
    return parse_toml(
        expect_plain_string(text, "the argument passed to builtins.fromTOML"),
        has_timestamps=current().settings.toml_timestamps,
    )


@primop("toXML", "!")
def to_xml(value: Value) -> str:
    """`any -> string`: the value as XML.

    builtins.toXML 1  =>  "<?xml version='1.0' encoding='utf-8'?>\\n<expr>\\n  <int value=\\"1\\" />\\n</expr>\\n"
    """
    context: set[str] = set()
    return with_context(write_xml(value, strict=True, context=context), context)
