"""Pictures of closures: Graphviz's language, and SVG drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    places: dict[str, _Box] = {}
    left = _MARGIN
    for number, column in enumerate(columns):
        width = max(len(_label(path)) for path in column) * _LETTER + _MARGIN
        for row, path in enumerate(column):
            places[path] = _Box(number, left, _MARGIN + row * _ROW, width)
        left += width + _COLUMN_GAP
    height = _MARGIN * 2 + _ROW * max((len(column) for column in columns), default=0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{max(left - _COLUMN_GAP, 0) + _MARGIN}" height="{height}"'
        ' font-family="monospace" font-size="11">'
    ]
    for path in sorted(edges):
        for reference in sorted(edges[path]):
            lines.append(f'<path d="{_curve(places[path], places[reference])}" fill="none" stroke="#999"/>')
    for path, box in sorted(places.items()):
        lines.append(
            f'<rect x="{box.left}" y="{box.top}" width="{box.width}" height="{_HEIGHT}" rx="3" fill="#eef"'
            ' stroke="#669"/>'
        )
        lines.append(
            f'<text x="{box.left + _MARGIN // 2}" y="{box.top + 16}"><title>{escape(path)}</title>'
            f"{escape(_label(path))}</text>"
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


@dataclass(frozen=True)
class _Box:
    """The place of a path in the drawing."""

    column: int
    left: int
    top: int
    width: int


def _curve(box: _Box, to: _Box) -> str:
    """The line from one box to another; a long one goes below the boxes on its way, not behind them."""
    x, y = box.left + box.width, box.top + _HEIGHT // 2
    to_x, to_y = to.left, to.top + _HEIGHT // 2
    turn = _COLUMN_GAP // 2
    if to.column - box.column == 1:
        return f"M{x},{y} C{x + turn},{y} {x + turn},{to_y} {to_x},{to_y}"
    below = max(box.top, to.top) + (_ROW + _HEIGHT) // 2
    return (
        f"M{x},{y} C{x + turn},{y} {x + turn},{below} {x + _COLUMN_GAP},{below} H{to_x - _COLUMN_GAP}"
        f" C{to_x - turn},{below} {to_x - turn},{to_y} {to_x},{to_y}"
    )


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
