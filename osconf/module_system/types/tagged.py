"""`attrTag`: a set of exactly one of several attributes, each of which is an option."""

from __future__ import annotations

from osconf.errors import OptionError
from osconf.lang.brief import show_brief
from osconf.lang.runtime import UNSET, attr_position, call, force, is_attrs, make_thunk, place_value, spot_of
from osconf.lang.suggest import did_you_mean
from osconf.lang.values import Value, to_latin
from osconf.module_system.definitions import OPTION_DEFAULT_PRIORITY, UNKNOWN_FILE, Definition
from osconf.module_system.mistakes import conflict, read_only, undefined
from osconf.module_system.place import Place, show_name
from osconf.module_system.types.base import (
    ONCE_DECLARED,
    NestedTypes,
    OptionType,
    merge_element,
    merge_types,
    to_type,
)

_PLACES = ("declarations", "declarationPositions")


class AttrTag(OptionType):
    """A set of exactly one of several attributes, each an option."""

    name = "attrTag"
    description_class = "noun"

    def __init__(self, tags: Value) -> None:
        self.tags: dict[str, Value] = {name: _located_tag(tags, name) for name in tags}

    @property
    def description(self) -> str:  # type: ignore[override]
        return f"attribute-tagged union with choices: {', '.join(show_name(name) for name in sorted(self.tags))}"

    def check(self, value: Value) -> bool:
        return is_attrs(value) and len(value) == 1 and next(iter(value)) in self.tags

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        chosen = {next(iter(d.value)) for d in definitions}
        if len(chosen) > 1:
            raise conflict(place, definitions)
        name = chosen.pop()
        members = [Definition(d.file, d.value[name]) for d in definitions]
        return {name: place_value(make_thunk(self._member, place.child(name), name, members), spot_of(members[0].cell))}

    def _member(self, place: Place, name: str, definitions: list[Definition]) -> Value:
        """The value of the chosen tag, merged as that of an option is."""
        tag = self.tags[name]
        if "default" in tag:
            default = Definition(UNKNOWN_FILE, tag["default"], priority=OPTION_DEFAULT_PRIORITY)
            definitions = [default, *definitions]
        if len(definitions) > 1 and force(tag.get("readOnly")) is True:
            raise read_only(place, definitions)
        option_type = self._type_of(name)
        value = merge_element(place, option_type, definitions)
        if value is UNSET and (value := option_type.empty_at(place)) is UNSET:
            raise undefined(place)
        return call(tag["apply"], value) if "apply" in tag else value

    def nested(self) -> NestedTypes:
        return {name: self._type_of(name) for name in self.tags}

    def nested_view(self) -> dict[str, Value]:
        return self.tags

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return {name: {**tag, "loc": (*prefix, name)} for name, tag in self.tags.items()}

    def payload(self) -> Value:
        return {"tags": self.tags}

    def from_payload(self, payload: Value) -> OptionType:
        return AttrTag(force(payload["tags"]))

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, AttrTag):
            return None
        common: dict[str, Value] = {}
        for name in self.tags.keys() & other.tags.keys():
            mine, theirs = self.tags[name], other.tags[name]
            both = merge_types(self._type_of(name), other._type_of(name))
            if both is None or any([word in mine and word in theirs for word in ONCE_DECLARED]):
                return None
            places = {
                word: force(mine[word]) + force(theirs[word]) for word in ("declarations", "declarationPositions")
            }
            common[name] = {**theirs, **mine, **places, "type": both.view}
        return AttrTag({**self.tags, **other.tags, **common})

    def _type_of(self, name: str) -> OptionType:
        if name not in self.tags:
            raise OptionError(f"no such tag: {name}", hint=did_you_mean(name, self.tags))
        return to_type(self.tags[name]["type"])


def _located_tag(tags: Value, name: str) -> Value:
    """The option of a tag, with where it is declared."""
    tag = force(tags[name])
    if not is_attrs(tag) or force(tag.get("_type")) != "option":
        raise OptionError(
            f"the tag {show_name(name)} of an attrTag must be an option, but it is {show_brief(tag)}",
            position=attr_position(tags, name),
            hint=f"write {show_name(name)} = lib.mkOption {{ type = …; }};",
            code="not-a-type",
        )
    if "declarations" in tag:
        return tag
    position = attr_position(tags, name)
    places: dict[str, Value] = {"declarations": (), "declarationPositions": ()}
    if position is not None:
        file = to_latin(position.file)
        places["declarations"] = (file,)
        places["declarationPositions"] = ({"file": file, "line": position.line, "column": position.column},)
    return {**tag, **places}
