"""`builtin:render`: a file made from a template and data.

Environment: `template` (a store path, or the text itself); `templates` (store path of a folder for includes and
imports; `template` may then be a name in it); `context` (JSON); `destination` and `executable` as for `builtin:write`.
"""

from __future__ import annotations

from pathlib import Path

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.builtins.write import write_result
from osconf.build.render import render_template
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError


@builtin_builder(BUILDER_VERSIONS["render"])
def build_render(request: BuiltinRequest) -> None:
    """Render the template."""
    context = request.json("context", {})
    if not isinstance(context, dict):
        raise BuildError(f"the context of '{request.name}' is not an object", drv=request.drv_path)
    folder = request.text("templates", "")
    place = request.real_path(folder) if folder else None
    template, label = _read_template(request, place)
    try:
        text = render_template(template, context, label=label, folder=place)
    except BuildError as error:
        error.drv = request.drv_path
        raise
    write_result(request, text.encode("utf-8", "surrogateescape"))


def _read_template(request: BuiltinRequest, folder: Path | None) -> tuple[str, str]:
    text = request.text("template")
    if text.startswith(request.store.store_dir + "/") and "\n" not in text:
        place = request.real_path(text)
        return place.read_text("utf-8"), place.name
    if folder is not None and "\n" not in text and (folder / text).is_file():
        return (folder / text).read_text("utf-8"), text
    return text, f"{request.name} (template text)"
