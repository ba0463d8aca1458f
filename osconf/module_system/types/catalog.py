"""`lib.types`: every type and type constructor, as the language sees them."""

from __future__ import annotations

import functools
from collections.abc import Callable

from osconf.errors import OptionError
from osconf.lang.brief import show_brief
from osconf.lang.primops.registry import make_primop
from osconf.lang.runtime import call, expect_int, force, is_attrs, make_thunk
from osconf.lang.values import Value, from_latin
from osconf.module_system.types.arguments import given_member, needed_member, taking
from osconf.module_system.types.base import OptionType, known_type, make_language_type, to_type
from osconf.module_system.types.compound import Checked, CoercedTo, Either, FunctionTo, NullOr, Unique
from osconf.module_system.types.containers import (
    Anything,
    Attrs,
    AttrsOf,
    LazyAttrsOf,
    ListOf,
    NonEmptyListOf,
    attrs_with,
)
from osconf.module_system.types.data import Data
from osconf.module_system.types.scalars import (
    Bool,
    BoolByOr,
    Enum,
    Int,
    NonEmptyStr,
    Number,
    OptionTypeType,
    Package,
    PasswdEntry,
    PathType,
    PkgsType,
    Raw,
    SeparatedString,
    ShellPackage,
    SingleLineStr,
    Str,
    StringMerged,
    StrMatching,
    Unspecified,
    path_with,
)
from osconf.module_system.types.submodule import DeferredModule, make_submodule, make_submodule_with
from osconf.module_system.types.tagged import AttrTag


def _bounded(bits: int, is_signed: bool) -> Int:
    lowest = -(1 << (bits - 1)) if is_signed else 0
    highest = (1 << (bits - 1)) - 1 if is_signed else (1 << bits) - 1
    sign, letter = ("signed", "signedInt") if is_signed else ("unsigned", "unsignedInt")
    return Int(
        f"{letter}{bits}",
        f"{bits} bit {sign} integer; between {lowest} and {highest} (both inclusive)",
        lowest,
        highest,
    )


def _between(lowest: Value, highest: Value) -> Value:
    low, high = expect_int(lowest), expect_int(highest)
    if low > high:
        raise OptionError(f"ints.between: {low} is greater than {high}", code="not-a-type")
    return _int_between(low, high).view


def _number_between(lowest: Value, highest: Value) -> Value:
    return Number(
        "numberBetween",
        f"integer or floating point number between {show_brief(lowest)} and {show_brief(highest)} (both inclusive)",
        lowest=lowest,
        highest=highest,
    ).view


def _serializable_value_with(arguments: Value) -> Value:
    name = from_latin(str(force(needed_member(arguments, "typeName", "types.serializableValueWith"))))
    return Data(f"{name} value", allow_null=force(arguments.get("nullable", True)) is True).view


def _one_of(members: Value) -> Value:
    if not members:
        raise OptionError("oneOf needs at least one type", code="not-a-type")
    # A type of data is one of several that are made of it: none is looked at here.
    result: OptionType | Value = members[0]
    for member in members[1:]:
        result = Either(result, member)
    return result.view if isinstance(result, OptionType) else to_type(result).view


def _around(make: Callable[[Value], OptionType]) -> Callable[[Value], Value]:
    """The constructor of a type around one element."""

    def wrap(element: Value) -> Value:
        # An element that is not known yet may be made of this very type.
        known = known_type(element)
        return make(element).view if known is None else known.wrapped_in(make).view

    return wrap


def _either(left: Value, right: Value) -> Value:
    one, other = known_type(left), known_type(right)
    if one is None or other is None or not (one.is_plain and other.is_plain):
        return Either(left, right).view
    return _plain_either(one, other).view


@functools.lru_cache(maxsize=256)
def _plain_either(left: OptionType, right: OptionType) -> Either:
    return Either(left, right)


def _enum(values: Value) -> Value:
    # Only texts: 1 and true would be the same key.
    return (_text_enum(values) if all([type(value) is str for value in values]) else Enum(values)).view


@functools.lru_cache(maxsize=1024)
def _text_enum(values: tuple[str, ...]) -> Enum:
    return Enum(values)


@functools.lru_cache(maxsize=256)
def _int_between(low: int, high: int) -> Int:
    return Int("intBetween", f"integer between {low} and {high} (both inclusive)", low, high)


def _deferred_module_with(arguments: Value, library: Value) -> Value:
    static = given_member(arguments, "staticModules", "types.deferredModuleWith", "list", ())
    return DeferredModule(static, library).view


def _loa_of(element: Value) -> Value:
    return AttrsOf(element).view


SCALARS: dict[str, OptionType] = {
    "unspecified": Unspecified(),
    "raw": Raw(),
    "anything": Anything(),
    "bool": Bool(),
    "boolByOr": BoolByOr(),
    "int": Int("int", "signed integer"),
    "float": Number("float", "floating point number", (float,)),
    "number": Number("either", "signed integer or floating point number"),
    "port": _bounded(16, is_signed=False),
    "str": Str(),
    "nonEmptyStr": NonEmptyStr(),
    "singleLineStr": SingleLineStr(),
    "string": StringMerged(),
    "lines": SeparatedString("\n"),
    "commas": SeparatedString(","),
    "envVar": SeparatedString(":"),
    "path": PathType(),
    "pathInStore": PathType(in_store=True, absolute=None),
    "externalPath": PathType(in_store=False),
    "package": Package(),
    "shellPackage": ShellPackage(),
    "pkgs": PkgsType(),
    "attrs": Attrs(),
    "optionType": OptionTypeType(),
    "deferredModule": DeferredModule(),
    "json": Data("JSON value"),
    "toml": Data("TOML value", allow_null=False),
}

_POSITIVE_NUMBER = Number(
    "numberPositive", "positive integer or floating point number, meaning >0", lowest=0, excluded=0
)

_FAMILIES: dict[str, dict[str, OptionType]] = {
    "ints": {
        **{f"u{bits}": _bounded(bits, is_signed=False) for bits in (8, 16, 32)},
        **{f"s{bits}": _bounded(bits, is_signed=True) for bits in (8, 16, 32)},
        "unsigned": Int("unsignedInt", "unsigned integer, meaning >=0", 0),
        "positive": Int("positiveInt", "positive integer, meaning >0", 1),
    },
    "numbers": {
        "nonnegative": Number(
            "numberNonnegative", "nonnegative integer or floating point number, meaning >=0", lowest=0
        ),
        "positive": _POSITIVE_NUMBER,
    },
}


def make_types(library: Value) -> dict[str, Value]:
    """The value of `lib.types`; `library` is what submodules get as `lib`."""
    constructors: dict[str, tuple[str, Callable[..., Value], *tuple[str, ...]]] = {
        "listOf": ("-", _around(ListOf)),
        "nonEmptyListOf": ("-", _around(NonEmptyListOf)),
        "attrsOf": ("-", _around(AttrsOf)),
        "lazyAttrsOf": ("-", _around(LazyAttrsOf)),
        "loaOf": ("-", _loa_of),
        "attrsWith": ("!", lambda arguments: attrs_with(arguments).view, "set"),
        "nullOr": ("-", _around(NullOr)),
        "either": ("--", _either),
        "oneOf": ("!", _one_of, "list"),
        "enum": ("!", _enum, "list"),
        "strMatching": ("!", lambda pattern: StrMatching(str(pattern)).view, "string"),
        "separatedString": ("!", lambda separator: SeparatedString(str(separator)).view, "string"),
        "passwdEntry": ("!", lambda inner: PasswdEntry(to_type(inner)).view),
        "pathWith": ("!", lambda arguments: path_with(arguments).view, "set"),
        "uniq": ("-", _around(Unique)),
        "unique": ("!-", lambda a, element: Unique(element, str(force(a.get("message", "")))).view, "set"),
        "coercedTo": ("---", lambda source, convert, final: CoercedTo(source, convert, final).view),
        "functionTo": ("-", _around(FunctionTo)),
        "addCheck": ("!-", lambda element, condition: Checked(to_type(element), condition).view),
        "attrTag": ("!", lambda tags: AttrTag(tags).view, "set"),
        "submodule": ("-", lambda modules: make_submodule(library, modules).view),
        "submoduleWith": ("!", lambda arguments: make_submodule_with(library, arguments).view, "set"),
        "deferredModuleWith": ("!", lambda a: _deferred_module_with(a, library), "set"),
        "serializableValueWith": ("!", _serializable_value_with, "set"),
        "mkOptionType": ("!", make_language_type, "set"),
        "isOptionType": ("!", lambda value: is_attrs(value) and force(value.get("_type")) == "option-type"),
        "isType": ("!!", lambda kind, value: is_attrs(value) and force(value.get("_type")) == kind),
        "setType": ("!!", lambda kind, value: {**dict(value.items()), "_type": kind}, "", "set"),
        "defaultFunctor": ("!", _default_functor),
        "defaultTypeMerge": ("!!", _default_type_merge, "set", "set"),
    }
    members: dict[str, Value] = {name: option_type.view for name, option_type in SCALARS.items()}
    for name, (marks, implementation, *kinds) in constructors.items():
        members[name] = make_primop(name, marks, taking(f"types.{name}", kinds, implementation)).function
    members["ints"] = {
        **{name: option_type.view for name, option_type in _FAMILIES["ints"].items()},
        "between": make_primop("between", "!!", _between).function,
    }
    members["numbers"] = {
        **{name: option_type.view for name, option_type in _FAMILIES["numbers"].items()},
        "between": make_primop("between", "!!", _number_between).function,
    }
    members["types"] = make_thunk(lambda: members)
    return members


def _default_functor(name: Value) -> Value:
    return force(make_language_type({"name": name})["functor"])


def _default_type_merge(mine: Value, theirs: Value) -> Value:
    view = make_language_type({"name": needed_member(mine, "name", "types.defaultTypeMerge"), "functor": mine})
    return call(force(view["typeMerge"]), theirs)
