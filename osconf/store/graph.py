"""Pictures of closures: Graphviz's language, and SVG drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from osconf.model.store_path import HASH_LENGTH
from osconf.store.closure import order_references_first

_ROW, _COLUMN_GAP, _HEIGHT, _LETTER, _MARGIN = 34, 90, 24, 7, 20


def render_dot(edges: Mapping[str, Iterable[str]]) -> str:
    """A graph in the language of Graphviz, references pointing to what they refer to."""
    lines = ["digraph closure {", "  rankdir = LR;", "  node [shape = box];"]
    for path in sorted(edges):
        lines.append(f'  "{_label(path)}";')
        lines += [f'  "{_label(path)}" -> "{_label(reference)}";' for reference in sorted(edges[path])]
    return "\n".join([*lines, "}"]) + "\n"


def render_svg(edges: Mapping[str, Iterable[str]]) -> str:
    """A drawing: what refers stands left of what it refers to, one column per step of the longest chain."""
    columns = _columns(edges)
    places: dict[str, tuple[int, int, int]] = {}
    left = _MARGIN
    for column in columns:
        width = max(len(_label(path)) for path in column) * _LETTER + _MARGIN
        for row, path in enumerate(column):
            places[path] = (left, _MARGIN + row * _ROW, width)
        left += width + _COLUMN_GAP
    height = _MARGIN * 2 + _ROW * max((len(column) for column in columns), default=0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="{height}"'
        ' font-family="monospace" font-size="11">'
    ]
    for path in sorted(edges):
        x, y, width = places[path]
        for reference in sorted(edges[path]):
            to_x, to_y, _ = places[reference]
            start, end = (x + width, y + _HEIGHT // 2), (to_x, to_y + _HEIGHT // 2)
            middle = (start[0] + end[0]) // 2
            curve = f"M{start[0]},{start[1]} C{middle},{start[1]} {middle},{end[1]} {end[0]},{end[1]}"
            lines.append(f'<path d="{curve}" fill="none" stroke="#999"/>')
    for path, (x, y, width) in sorted(places.items()):
        lines.append(f'<rect x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" rx="3" fill="#eef" stroke="#669"/>')
        lines.append(
            f'<text x="{x + _MARGIN // 2}" y="{y + 16}"><title>{escape(path)}</title>{escape(_label(path))}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _columns(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Paths by the length of the longest chain that leads to them."""
    depth = dict.fromkeys(edges, 0)
    for path in reversed(order_references_first(edges)):
        for reference in edges[path]:
            depth[reference] = max(depth[reference], depth[path] + 1)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for path in sorted(edges, key=_label):
        columns[depth[path]].append(path)
    return columns


def _label(path: str) -> str:
    base_name = path.rpartition("/")[2]
    return f"{base_name[HASH_LENGTH + 1 :]} ({base_name[:7]})"
