"""Options described to people: `osconf option`, and the documents that the reference is made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from osconf.errors import OptionError, OsconfError
from osconf.lang.evaluator import split_attr_path
from osconf.lang.runtime import UNSET, force, is_attrs, make_thunk
from osconf.lang.values import Value, from_latin, to_latin
from osconf.module_system import mistakes
from osconf.module_system.definitions import DEFAULT_PRIORITY, Definition, resolve
from osconf.module_system.finding import Member, copy_definitions, find
from osconf.module_system.plain_data import Data, to_data
from osconf.module_system.render import render_text, render_value
from osconf.module_system.reports import DefinitionReport, OptionDocument, OptionReport, OptionSummary
from osconf.module_system.tree import Level, Option

_MAX_NESTING = 12
# `transparent` shows only the options inside.
_HIDDEN = (False, "transparent")


# -- finding -----------------------------------------------------------------------------------------------------------


def describe_option(result: Value, path: str) -> OptionReport:
    """Describe the option at a dotted path of an evaluated configuration, or list the options below the path.

    `result` is what `evalModules` or `<osconf/modules>` gives. Raises OptionError when there is nothing at the path.
    """
    parts = tuple([to_latin(part) for part in split_attr_path(path)])
    found = find(root_of(result), parts)
    if isinstance(found, Option):
        return _report(found)
    if isinstance(found, Member):
        return _report_member(found)
    return OptionReport(path or "the configuration", children=tuple(_summaries(found)))


def list_options(result: Value, prefix: str = "") -> list[OptionSummary]:
    """All options below a prefix, without those of submodules."""
    found = find(root_of(result), tuple([to_latin(part) for part in split_attr_path(prefix)]))
    return (
        [_summary(found)] if isinstance(found, Option) else list(_summaries(found)) if isinstance(found, Level) else []
    )


def search_options(result: Value, words: Sequence[str]) -> list[OptionDocument]:
    """The options whose path or description has every word, the best first.

    A word that is a whole name of the path counts more than the start of one, that more than a part, and that more than
    a word of the description; names late in the path count more than early ones. Short paths come first, and before
    others that which switches them on.
    """
    wanted = [word.lower() for word in words]
    found = []
    for document in documents_of(result):
        names = [name.lower() for name in document.loc]
        text = document.description.lower()
        ranks = [_rank_word(word, names, text) for word in wanted]
        if None not in ranks:
            place = (sum(rank for rank in ranks if rank is not None), len(names), names[-1] != "enable", document.path)
            found.append((place, document))
    return [document for _, document in sorted(found, key=lambda item: item[0])]


def _rank_word(word: str, names: list[str], text: str) -> int | None:
    """How well a word fits an option, 0 best; None when it does not."""
    if "." in word:
        path = ".".join(names)
        return 0 if path == word else 1 if path.endswith(f".{word}") else 2 if word in path else None
    if word == names[-1]:
        return 0
    if word in names:
        return 1
    if names[-1].startswith(word):
        return 2
    if any([name.startswith(word) for name in names]):
        return 3
    if any([word in name for name in names]):
        return 4
    return 6 if re.search(rf"\b{re.escape(word)}", text) else 7 if word in text else None


def root_of(result: Value) -> Level:
    """The root of the option tree behind a result."""
    result = force(result)
    extend = force(result["extendModules"]) if "extendModules" in result else None
    evaluation = getattr(extend, "evaluation", None)
    if evaluation is None:
        options = force(result["options"])
        for cell in options.values():
            view = force(cell)
            while is_attrs(view) and "__toString" not in view and view:
                view = force(next(iter(view.values())))
            option = getattr(force(view.get("__toString")), "option", None) if is_attrs(view) else None
            if option is not None:
                return option.level.evaluation.root  # type: ignore[no-any-return]
        raise OptionError("this value is not an evaluated configuration", code="not-a-configuration")
    return evaluation.root  # type: ignore[no-any-return]


# -- describing --------------------------------------------------------------------------------------------------------


def _summaries(level: Level) -> Iterator[OptionSummary]:
    for name in sorted(level.names()):
        if name == "_module":
            continue
        node = level.node(name)
        if isinstance(node, Level):
            yield from _summaries(node)
        elif force(node.declaration.get("internal")) is not True and _visibility(node.declaration) not in _HIDDEN:
            yield _summary(node)


def _summary(option: Option) -> OptionSummary:
    return OptionSummary(
        str(option.place), option.option_type.description, option.description_line(), bool(option.raw_definitions())
    )


def _visibility(declaration: Value) -> Value:
    return force(declaration.get("visible", True))


def _report(option: Option) -> OptionReport:
    declaration = option.declaration
    is_defined = _is_defined(option)
    has_value = is_defined or option.option_type.empty_value() is not UNSET
    sub = option.option_type.sub_options(option.place.parts)
    return OptionReport(
        path=str(option.place),
        type=option.option_type.description,
        description=_description(declaration) or None,
        value=render_value(option.cell) if has_value else None,
        default=_default(declaration),
        example=render_text(declaration["example"]) if "example" in declaration else None,
        is_defined=is_defined,
        is_read_only=force(declaration.get("readOnly")) is True,
        declarations=tuple(option.declaration_places()),
        definitions=tuple(_definitions(option)),
        children=tuple(
            [OptionSummary(d.path, d.type, d.description.split("\n", 1)[0], False) for d in make_documents(sub)]
        )
        if sub
        else (),
        data={
            "value": to_data(option.cell) if has_value else None,
            "default": _literal_data(declaration, "defaultText" if "defaultText" in declaration else "default"),
            "example": _literal_data(declaration, "example"),
        },
    )


def _literal_data(declaration: Value, name: str) -> Data | None:
    """The data of a default or an example."""
    return to_data(declaration[name]) if name in declaration else None


def _report_member(member: Member) -> OptionReport:
    option = member.place.option
    counting, best = resolve(copy_definitions(member.definitions))
    value = make_thunk(member.compute)
    return OptionReport(
        path=str(member.place),
        type=member.option_type.description,
        value=render_value(value) if counting else None,
        data={"value": to_data(value) if counting else None},
        is_defined=bool(counting),
        declarations=tuple(option.declaration_places()) if option is not None else (),
        definitions=tuple(_show_definitions(member.definitions, counting, best, member.priority)),
    )


def _is_defined(option: Option) -> bool:
    """Whether somebody gives it a value, even one that cannot be evaluated."""
    try:
        return bool(option.resolved()[0])
    except OsconfError:
        return True


def _definitions(option: Option) -> Iterator[DefinitionReport]:
    """Every definition that the conditions let through, the strongest first."""
    try:
        counting, best = option.resolved()
    except OsconfError:
        counting, best = [], DEFAULT_PRIORITY
    default = option.declaration.get("default")
    return _show_definitions([d for d in option.all_definitions() if d.cell is not default], counting, best)


def _show_definitions(
    definitions: list[Definition], counting: list[Definition], best: int, around: int = DEFAULT_PRIORITY
) -> Iterator[DefinitionReport]:
    """Definitions, the strongest first; `around` is the priority of the whole that they are members of."""
    used = {(id(d.cell), d.file) for d in counting}
    found = []
    for definition in definitions:
        try:
            opened, priority = resolve([definition])
        except OsconfError:
            opened, priority = [definition], DEFAULT_PRIORITY
        for one in opened:
            position = mistakes.position_of_definition(one)
            found.append(
                DefinitionReport(
                    file=position.file if position else from_latin(one.file),
                    line=position.line if position else None,
                    column=position.column if position else None,
                    priority=around if priority == DEFAULT_PRIORITY else priority,
                    value=render_value(one.value),
                    data=to_data(one.value),
                    is_used=priority == best and (id(one.cell), one.file) in used,
                )
            )
    return iter(sorted(found, key=lambda d: (d.priority, d.file, d.line or 0)))


def _description(declaration: Value) -> str:
    text = force(declaration.get("description"))
    if is_attrs(text):
        text = force(text.get("text"))
    return from_latin(str(text)).strip() if text else ""


def _default(declaration: Value) -> str | None:
    if "defaultText" in declaration:
        return render_text(declaration["defaultText"])
    if "default" in declaration:
        try:
            return render_text(declaration["default"])
        except OsconfError:
            return None
    return None


def make_documents(options: Value, inside: frozenset[int] = frozenset(), depth: int = 0) -> Iterator[OptionDocument]:
    """The reference's entries for a tree of options (`result.options`), those of submodules included, in order.

    `inside` holds the modules of the submodules around: a submodule that contains itself is described once.
    """
    options = force(options)
    for name in sorted(options):
        if name == "_module":
            continue
        node = force(options[name])
        if not is_attrs(node):
            continue
        if "_type" not in node or force(node["_type"]) != "option":
            yield from make_documents(node, inside, depth)
            continue
        visible = _visibility(node)
        if force(node.get("internal")) is True or visible is False:
            continue
        option = getattr(force(node.get("__toString")), "option", None)
        if isinstance(option, Option):
            if visible != "transparent":
                yield _document(option)
            modules = option.option_type.sub_modules() or ()
            known = frozenset([id(force(module)) for module in modules])
            if visible != "shallow" and depth < _MAX_NESTING and not (known and known <= inside):
                below = option.option_type.sub_options(option.place.parts)
                yield from make_documents(below, inside | known, depth + 1)


def _document(option: Option) -> OptionDocument:
    declaration = option.declaration
    return OptionDocument(
        path=str(option.place),
        loc=tuple([from_latin(part) for part in option.place.parts]),
        type=option.option_type.description,
        description=_description(declaration),
        default=_default(declaration),
        example=render_text(declaration["example"]) if "example" in declaration else None,
        declarations=tuple(option.declaration_places()),
        is_read_only=force(declaration.get("readOnly")) is True,
    )


def documents_of(result: Value) -> list[OptionDocument]:
    """The whole reference of an evaluated configuration."""
    return list(make_documents(root_of(result).options()))
