"""The options reference as a text: every option that a configuration can set, from its declaration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import osconf
from osconf.lang.values import Value
from osconf.module_system.documentation import documents_of
from osconf.module_system.reports import OptionDocument

_TREE = str(Path(osconf.__file__).resolve().parent.parent)


def render_markdown(result: Value, title: str = "Options") -> str:
    """The reference of an evaluated configuration in Markdown: one section per option, grouped by their first names."""
    documents = documents_of(result)
    lines = [f"# {title}", ""]
    for group, members in group_documents(documents):
        lines += [f"## {group}", ""]
        for document in members:
            lines += _section(document)
    return "\n".join(lines).rstrip() + "\n"


def render_json(result: Value) -> str:
    """The reference of an evaluated configuration for programs: an object of options by path."""
    documents = {}
    for document in documents_of(result):
        documents[document.path] = {
            "loc": document.loc,
            "type": document.type,
            "description": document.description,
            "default": document.default,
            "example": document.example,
            "declarations": [shorten_place(place) for place in document.declarations],
            "readOnly": document.is_read_only,
        }
    return json.dumps(documents, ensure_ascii=False, indent=1) + "\n"


def group_documents(documents: Iterable[OptionDocument]) -> Iterator[tuple[str, list[OptionDocument]]]:
    """Options by the start of their path: `services.nginx`, `boot.loader`, `swapDevices`."""
    groups: dict[str, list[OptionDocument]] = {}
    for document in documents:
        groups.setdefault(".".join(document.loc[: 2 if len(document.loc) > 2 else 1]), []).append(document)
    yield from sorted(groups.items())


def _section(document: OptionDocument) -> list[str]:
    lines = [f"### `{document.path}`", ""]
    if document.description:
        lines += [document.description, ""]
    lines.append(f"- Type: {document.type}{', read only' if document.is_read_only else ''}")
    for label, text in (("Default", document.default), ("Example", document.example)):
        if text is not None:
            lines += _labelled(label, text)
    for place in document.declarations:
        lines.append(f"- Declared in: `{shorten_place(place)}`")
    return [*lines, ""]


def _labelled(label: str, text: str) -> list[str]:
    if "\n" not in text and "`" not in text:
        return [f"- {label}: `{text}`"]
    return [f"- {label}:", "", "  ```nix", *[f"  {line}" for line in text.split("\n")], "  ```", ""]


def shorten_place(place: str) -> str:
    """A place in osconf's own tree as the language names it: `<osconf/modules/…>`, without the line."""
    path = place.split(":", 1)[0]
    return f"<osconf{path[len(_TREE) :]}>" if path.startswith(f"{_TREE}/") else place
