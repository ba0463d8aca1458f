"""`builtin:render`: a file made from a template and data.

Environment: `template` (a store path, or the text itself); `templates` (store path of a folder for includes and
imports; `template` may then be a name in it); `context` (JSON); `destination` and `executable` as for `builtin:write`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.builtins.write import write_result
from osconf.build.render import render_template
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError

# What is longer is no name of a file, but a template.
_MAX_NAME = 255


@builtin_builder(BUILDER_VERSIONS["render"])
def build_render(request: BuiltinRequest) -> None:
    """Render the template."""
    context = request.json("context", {})
    if not isinstance(context, dict):
        raise BuildError(f"the context of '{request.name}' is not an object", drv=request.drv_path)
    folder = request.text("templates", "")

    def find(name: str) -> Path | None:
        """A template of the folder, for includes and imports."""
        place = request.find(f"{folder}/{name}") if folder and ".." not in name.split("/") else None
        return place if place is not None and place.is_file() else None

    template, label = _read_template(request, find)
    try:
        text = render_template(template, context, label=label, find=find)
    except BuildError as error:
        error.drv = request.drv_path
        raise
    write_result(request, text.encode("utf-8", "surrogateescape"))


def _read_template(request: BuiltinRequest, find: Callable[[str], Path | None]) -> tuple[str, str]:
    text = request.text("template")
    if text.startswith(request.store.store_dir + "/") and "\n" not in text:
        return request.find(text).read_text("utf-8"), text.rpartition("/")[2]
    place = find(text) if "\n" not in text and len(text) < _MAX_NAME else None
    if place is not None:
        return place.read_text("utf-8"), text
    return text, f"{request.name} (template text)"
