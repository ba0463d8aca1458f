"""Types of single values: booleans, numbers, strings, paths, packages, enumerations."""

from __future__ import annotations

import re
from types import FunctionType

from osconf.errors import OptionError
from osconf.lang.brief import show_brief
from osconf.lang.kinds import type_name
from osconf.lang.primops.registry import PRIMOPS
from osconf.lang.runtime import (
    call,
    coerce_to_string,
    concat_strings,
    current_evaluator,
    equal,
    force,
    is_attrs,
    is_derivation,
    is_string,
)
from osconf.lang.values import ContextStr, Path, Value, context_of, from_latin, to_latin, with_context
from osconf.module_system.definitions import Definition
from osconf.module_system.mistakes import conflict
from osconf.module_system.place import Place
from osconf.module_system.types.base import (
    NestedTypes,
    OptionType,
    PlainType,
    merge_default_option,
    merge_one,
    merge_types,
    phrase,
    to_type,
)


class Unspecified(OptionType):
    """Anything, merged by what it is: the type of an option without one."""

    name = "unspecified"
    description = "unspecified value"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return merge_default_option(place, definitions)


class Raw(OptionType):
    """Any value, never looked into; one definition."""

    name = "raw"
    description = "raw value"
    is_plain = True

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return merge_one(place, definitions)


class Bool(PlainType):
    """true or false."""

    name = "bool"
    description = "boolean"

    def check(self, value: Value) -> bool:
        return value is True or value is False


class BoolByOr(Bool):
    """true as soon as one definition is."""

    name = "boolByOr"
    description = "boolean (merged using or)"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return True in [definition.value for definition in definitions]


class Int(PlainType):
    """An integer, possibly within bounds (both included)."""

    def __init__(self, name: str, description: str, lowest: int | None = None, highest: int | None = None) -> None:
        self.name = name
        self.description = description
        self.description_class = "nonRestrictiveClause" if "," in description else "noun"
        self.lowest = lowest
        self.highest = highest

    def check(self, value: Value) -> bool:
        return (
            type(value) is int
            and (self.lowest is None or value >= self.lowest)
            and (self.highest is None or value <= self.highest)
        )

    @property
    def functor_name(self) -> str:
        return "int"

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, Int):
            return None
        lowest = max([one.lowest for one in (self, other) if one.lowest is not None], default=None)
        highest = min([one.highest for one in (self, other) if one.highest is not None], default=None)
        for one in (self, other):
            if (one.lowest, one.highest) == (lowest, highest):
                return one
        return Int("intBetween", f"integer between {lowest} and {highest} (both inclusive)", lowest, highest)


class Number(PlainType):
    """An integer or a floating point number, possibly within bounds."""

    def __init__(
        self,
        name: str,
        description: str,
        kinds: tuple[type, ...] = (int, float),
        lowest: float | None = None,
        highest: float | None = None,
        excluded: float | None = None,
    ) -> None:
        self.name = name
        self.description = description
        self.description_class = "noun" if len(kinds) == 1 else "conjunction"
        if "," in description:
            self.description_class = "nonRestrictiveClause"
        self.kinds = kinds
        self.lowest = lowest
        self.highest = highest
        self.excluded = excluded

    def check(self, value: Value) -> bool:
        return (
            type(value) in self.kinds
            and (self.lowest is None or value >= self.lowest)
            and (self.highest is None or value <= self.highest)
            and (self.excluded is None or value != self.excluded)
        )

    @property
    def functor_name(self) -> str:
        return "float" if len(self.kinds) == 1 else "either"

    def nested(self) -> NestedTypes:
        if len(self.kinds) == 1:
            return {}
        return {"left": Int("int", "signed integer"), "right": Number("float", "floating point number", (float,))}

    def payload(self) -> Value:
        return {"elemType": tuple([inner.view for inner in self.nested().values()])} if len(self.kinds) > 1 else None


class Str(PlainType):
    """A string."""

    name = "str"
    description = "string"

    def check(self, value: Value) -> bool:
        return type(value) is str or type(value) is ContextStr


class NonEmptyStr(Str):
    """A string with something else than blanks in it."""

    name = "nonEmptyStr"
    description = "non-empty string"

    def check(self, value: Value) -> bool:
        return is_string(value) and value.strip(" \t\n") != ""


class SingleLineStr(Str):
    """A string on one line; a line break at its end is dropped."""

    name = "singleLineStr"
    description = "(optionally newline-terminated) single-line string"
    is_plain = False

    def check(self, value: Value) -> bool:
        return is_string(value) and "\n" not in value.removesuffix("\n") and "\r" not in value

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        text = super().merge(place, definitions)
        return with_context(str(text).removesuffix("\n"), context_of(text))


class PasswdEntry(OptionType):
    """A text that fits into a field of /etc/passwd."""

    def __init__(self, inner: OptionType) -> None:
        self.inner = inner
        self.name = f"passwdEntry {inner.name}"
        self.description = f"{phrase(inner, 'noun')}, not containing newlines or colons"
        self.description_class = "nonRestrictiveClause"
        self.is_plain = inner.is_plain

    def check(self, value: Value) -> bool:
        return self.inner.check(value) and not (is_string(value) and (":" in value or "\n" in value))

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return self.inner.merge(place, definitions)

    @property
    def functor_name(self) -> str:
        return self.inner.functor_name


class StrMatching(PlainType):
    """A string that a regular expression matches as a whole."""

    name = "strMatching"

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.name = f"strMatching {show_brief(pattern)}"
        self.description = f"string matching the pattern {from_latin(pattern)}"

    def check(self, value: Value) -> bool:
        if not is_string(value):
            return False
        return call(PRIMOPS["match"].function, self.pattern, value) is not None

    @property
    def functor_name(self) -> str:
        return "strMatching"

    def payload(self) -> Value:
        return {"pattern": self.pattern}

    def from_payload(self, payload: Value) -> OptionType:
        return StrMatching(str(force(payload["pattern"])))

    def merge_type(self, other: OptionType) -> OptionType | None:
        return self if isinstance(other, StrMatching) and other.pattern == self.pattern else None


class SeparatedString(OptionType):
    """Strings joined with a separator: `lines`, `commas`, `envVar`."""

    name = "separatedString"
    is_plain = True

    def __init__(self, separator: str, name: str = "separatedString") -> None:
        self.separator = separator
        self.name = name
        shown = from_latin(separator).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        self.description = f'strings concatenated with "{shown}"' if separator else "Concatenated string"

    def check(self, value: Value) -> bool:
        return type(value) is str or type(value) is ContextStr

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        parts: list[str] = []
        for definition in definitions:
            if parts:
                parts.append(self.separator)
            parts.append(definition.value)
        return concat_strings(parts)

    def payload(self) -> Value:
        return {"sep": self.separator}

    def from_payload(self, payload: Value) -> OptionType:
        return SeparatedString(str(force(payload["sep"])))

    def merge_type(self, other: OptionType) -> OptionType | None:
        return self if isinstance(other, SeparatedString) and other.separator == self.separator else None


class StringMerged(SeparatedString):
    """`string`: like `str`, definitions joined without separator."""

    def __init__(self) -> None:
        super().__init__("", "string")
        self.description = "string"


class PathType(PlainType):
    """An absolute path, as a path value or as text."""

    name = "path"

    def __init__(self, in_store: bool | None = None, absolute: bool | None = True) -> None:
        self.in_store = in_store
        self.absolute = absolute
        where = {True: " in the Nix store", False: " not in the Nix store", None: ""}[in_store]
        kind = {True: "absolute ", False: "relative ", None: ""}[absolute]
        self.description = f"{kind}path{where}"

    def check(self, value: Value) -> bool:
        if type(value) is Path:
            text = value.text
        elif is_string(value):
            text = value
        elif is_attrs(value) and ("outPath" in value or "__toString" in value):
            text = coerce_to_string(value)
        else:
            return False
        if self.in_store is False and not is_string(value):
            return False  # a path value would be copied into the store where it is used
        if self.absolute is not None and text.startswith("/") is not self.absolute:
            return False
        if self.in_store is None:
            return True
        return _is_in_store(text) is self.in_store

    def payload(self) -> Value:
        return {"inStore": self.in_store, "absolute": self.absolute}

    def from_payload(self, payload: Value) -> OptionType:
        return path_with(payload)

    def merge_type(self, other: OptionType) -> OptionType | None:
        same = isinstance(other, PathType) and (self.in_store, self.absolute) == (other.in_store, other.absolute)
        return self if same else None


def path_with(arguments: Value) -> PathType:
    """`pathWith`: absolute or not, in the store or not; null where it does not matter."""
    in_store, absolute = [force(arguments.get(key)) for key in ("inStore", "absolute")]
    if not all([wanted is None or type(wanted) is bool for wanted in (in_store, absolute)]):
        raise OptionError("pathWith: `inStore' and `absolute' are true, false or null", code="not-a-type")
    if in_store is True and absolute is False:
        raise OptionError("pathWith: a path in the store is absolute", code="not-a-type")
    return PathType(in_store, absolute)


class Package(OptionType):
    """A package: a derivation or a store path."""

    name = "package"
    description = "package"
    is_plain = False

    def check(self, value: Value) -> bool:
        if is_derivation(value):
            return True
        if is_string(value) or type(value) is Path:
            return _is_store_member(coerce_to_string(value))
        return (
            is_attrs(value)
            and ("outPath" in value or "__toString" in value)
            and _is_store_member(coerce_to_string(value))
        )

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        value = merge_one(place, definitions)
        if type(value) is Path or (is_string(value) and not context_of(value)):
            return _package_of_path(coerce_to_string(value))
        return value


class ShellPackage(Package):
    """A package of a login shell: it has `shellPath`."""

    def check(self, value: Value) -> bool:
        return is_derivation(value) and "shellPath" in value


class Enum(PlainType):
    """One of a list of values."""

    name = "enum"

    def __init__(self, values: tuple[Value, ...]) -> None:
        self.values = values
        self.texts = frozenset(str(v) for v in (force(v) for v in values) if is_string(v))

    @property
    def description(self) -> str:  # type: ignore[override]
        shown = [_show_choice(force(v)) for v in self.values]
        if not shown:
            return "impossible (empty enum)"
        if len(shown) == 1:
            return f"value {shown[0]} (singular enum)"
        return f"one of {', '.join(shown)}"

    @property
    def description_class(self) -> str:  # type: ignore[override]
        return "noun" if len(self.values) < 2 else "conjunction"

    def check(self, value: Value) -> bool:
        if is_string(value):
            return value in self.texts
        return True in [equal(member, value) for member in self.values]

    def payload(self) -> Value:
        return {"values": self.values}

    def from_payload(self, payload: Value) -> OptionType:
        return Enum(force(payload["values"]))

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, Enum):
            return None
        return Enum(self.values + tuple([v for v in other.values if not self.check(force(v))]))


def _show_choice(value: Value) -> str:
    if is_string(value):
        return f'"{from_latin(value)}"'
    if type(value) is int:
        return str(value)
    return {True: "true", False: "false"}.get(value, "") if type(value) is bool else f"<{type_name(value)}>"


class OptionTypeType(OptionType):
    """An option type as a value; several are merged as double declarations are."""

    name = "optionType"
    description = "optionType"

    def check(self, value: Value) -> bool:
        return is_attrs(value) and force(value.get("_type")) == "option-type"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        result = to_type(definitions[0].value)
        for definition in definitions[1:]:
            merged = merge_types(result, to_type(definition.value))
            if merged is None:
                raise conflict(place, definitions)
            result = merged
        return result.view


class PkgsType(OptionType):
    """A package set."""

    name = "pkgs"
    description = "Nixpkgs package set"

    def check(self, value: Value) -> bool:
        return is_attrs(value) and ("_type" not in value or force(value["_type"]) == "pkgs")

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return merge_one(place, definitions)


class FunctionCheck:
    """Whether a value can be called."""

    @staticmethod
    def is_callable(value: Value) -> bool:
        """A function or a set with `__functor`."""
        return type(value) is FunctionType or (is_attrs(value) and "__functor" in value)


_STORE_MEMBER = re.compile(r"/[0-9a-z]{32}-[0-9a-zA-Z+._?=-]+\Z")
_STORE_PREFIX = re.compile(r"/[0-9a-z]{32}-[^/]+(?:/|\Z)")


def _is_in_store(text: str) -> bool:
    store = current_evaluator().world.store_dir
    return text.startswith(store) and _STORE_PREFIX.match(text, len(store)) is not None


def _is_store_member(text: str) -> bool:
    store = current_evaluator().world.store_dir
    return text.startswith(store) and _STORE_MEMBER.match(text, len(store)) is not None


def _package_of_path(text: str) -> Value:
    """A derivation-like value for a path that is in the store already."""
    base = text.rsplit("/", 1)[-1]
    value: dict[str, Value] = {
        "type": "derivation",
        "name": to_latin(base[33:]),
        "outPath": with_context(text, [text]),
        "outputs": ("out",),
        "outputName": "out",
    }
    value["out"] = value
    return value
