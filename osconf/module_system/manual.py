"""The options reference as a page to read offline: HTML with a search field, and a manual page.

The texts come from `templates/reference`; descriptions are Markdown with the roles that option descriptions use
(`{option}`, `{file}`, `{command}`, `{manpage}`), of which code and paragraphs are rendered.
"""

from __future__ import annotations

import re
from pathlib import Path

import osconf
from osconf.lang.values import Value
from osconf.module_system.documentation import documents_of
from osconf.module_system.reference import shorten_place
from osconf.module_system.reports import OptionDocument

_TEMPLATES = Path(osconf.__file__).resolve().parent.parent / "templates" / "reference"
_CODE = re.compile(r"(?:\{[a-z]+\})?`([^`]+)`")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")


def render_html(result: Value, title: str = "osconf options") -> str:
    """The reference of an evaluated configuration as one HTML page without outside resources."""
    return _render("options.html.j2", documents_of(result), title=title)


def render_manual_page(result: Value) -> str:
    """The reference of an evaluated configuration as the manual page configuration.nix(5)."""
    return _render("options.5.j2", documents_of(result), version=osconf.__version__)


def _render(template: str, documents: list[OptionDocument], **context: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only the reference needs it

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        paragraphs=html_paragraphs,
        plain_paragraphs=plain_paragraphs,
        shorten=shorten_place,
        roff=escape_roff,
        roff_argument=lambda text: '"' + escape_roff(text).replace('"', "\\(dq") + '"',
    )
    return environment.get_template(template).render(documents=documents, **context)


def html_paragraphs(text: str) -> list[str]:
    """The paragraphs of a description as safe HTML."""
    from markupsafe import Markup, escape

    def mark(paragraph: str) -> Markup:
        marked = _CODE.sub(lambda found: f"<code>{found[1]}</code>", str(escape(paragraph)))
        return Markup(_LINK.sub(lambda found: f'<a href="{found[2]}">{found[1]}</a>', marked))

    return [mark(paragraph) for paragraph in _split(text)]


def plain_paragraphs(text: str) -> list[str]:
    """The paragraphs of a description without marks."""
    return [_LINK.sub(r"\1 (\2)", _CODE.sub(r"\1", paragraph)) for paragraph in _split(text)]


def _split(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def escape_roff(text: str) -> str:
    """A text that troff shows as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))
