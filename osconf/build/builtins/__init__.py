"""The generic builtin builders: `write`, `tree`, `join`, `render`, `fetchurl`."""

from __future__ import annotations

from osconf.build.builtin import BuiltinBuilder
from osconf.build.builtins.fetchurl import build_fetchurl
from osconf.build.builtins.join import build_join
from osconf.build.builtins.render import build_render
from osconf.build.builtins.tree import build_tree
from osconf.build.builtins.write import build_write

GENERIC_BUILDERS: dict[str, BuiltinBuilder] = {
    "fetchurl": build_fetchurl,
    "join": build_join,
    "render": build_render,
    "tree": build_tree,
    "write": build_write,
}
"""By name, for the registry that `realise` takes."""
