"""Strip the common indentation of an indented string, by the letter of Nix's rules."""

from __future__ import annotations

from osconf.lang.nodes import Node

Piece = tuple[str, bool] | Node
"""Text with whether its spaces count as indentation (escapes do not), or an interpolated expression."""


def strip_indentation(pieces: list[Piece]) -> list[str | Node]:
    """The parts of the string: what is left of each text, and the expressions."""
    width = _common_indentation(pieces)
    parts: list[str | Node] = []
    at_start = True
    dropped = 0
    for index, piece in enumerate(pieces):
        if isinstance(piece, Node):
            at_start = False
            dropped = 0
            parts.append(piece)
            continue
        kept: list[str] = []
        for number, line in enumerate(piece[0].split("\n")):
            if number:
                kept.append("\n")
                at_start = True
                dropped = 0
            if at_start:
                spaces = len(line) - len(line.lstrip(" "))
                drop = min(spaces, max(0, width - dropped))
                dropped += spaces
                kept.append(line[drop:])
                if spaces < len(line):
                    at_start = False
                    dropped = 0
            else:
                kept.append(line)
        text = "".join(kept)
        if index == len(pieces) - 1:
            head, newline, tail = text.rpartition("\n")
            if newline and not tail.strip(" "):
                text = head + newline
        parts.append(text)
    return parts


def _common_indentation(pieces: list[Piece]) -> int:
    at_start = True
    smallest = 1_000_000
    current = 0
    for piece in pieces:
        if isinstance(piece, Node) or not piece[1]:
            if at_start:
                at_start = False
                smallest = min(smallest, current)
            continue
        for number, line in enumerate(piece[0].split("\n")):
            if number:
                at_start = True
                current = 0
            if at_start:
                spaces = len(line) - len(line.lstrip(" "))
                current += spaces
                if spaces < len(line):
                    at_start = False
                    smallest = min(smallest, current)
    return smallest
