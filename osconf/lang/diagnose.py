"""Explain an error to people: the user's own line with a caret, what to do next, the way there with `--show-trace`.

Positions cost nothing while code runs: generated code carries the source's name, and its line table leads from a line
of a Python traceback to the place in the text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

import osconf
from osconf.errors import EvalError, Frame, OsconfError, Position, Throw
from osconf.lang.kinds import Pattern
from osconf.lang.source import GENERATED, SOURCES, Source

_TREE = Path(osconf.__file__).resolve().parent.parent
_LIBRARY = tuple(f"{_TREE}/{folder}/" for folder in ("lib", "modules", "pkgs", "osconf"))
_CALL_MISTAKES = frozenset(("missing-argument", "unexpected-argument", "wrong-argument"))
_WITHOUT_CALLERS = frozenset(("infinite-recursion", "stack-overflow"))
# Control characters would act on the terminal: their pictures are shown.
_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
_WHOLE_FILE = "while evaluating the file"
_MAX_CONTEXT = 6
_MAX_CALLERS = 4
_MAX_LINE = 60
_MAX_EXCERPT = 140
_LEAST_WIDTH = 40
_MARGIN = " " * len("error: ")
_MAX_TRACE = 400
_STYLES = {"error": "\033[1;31m", "hint": "\033[1;36m", "bold": "\033[1m", "dim": "\033[2m", "end": "\033[0m"}


def locate_error(error: OsconfError) -> None:
    """Give an error the position of the innermost code of the language on its traceback."""
    if error.position is None:
        error.position = innermost_position(error.__traceback__)


def innermost_position(traceback: TracebackType | None) -> Position | None:
    """The place in a text where a Python traceback ends."""
    found = None
    for frame, line in _language_frames(traceback):
        found = frame, line
    return None if found is None else _position(*found)


def trace_of(error: OsconfError) -> list[Frame]:
    """How the evaluation came to the error, innermost first: calls and expressions with their places."""
    frames = []
    for frame, line in _language_frames(error.__traceback__):
        position = _position(frame, line)
        if position is not None:
            frames.append(Frame(_describe(frame), position))
    frames.reverse()
    return frames


def steps_of(error: OsconfError) -> list[Frame]:
    """Everything that led to the error, outermost first as Nix shows it: calls, expressions, what they were for."""
    steps: list[Frame] = []
    waiting = list(reversed(error.frames))
    traceback = error.__traceback__
    while traceback is not None:
        at, waiting = traceback, _take_frames(waiting, traceback, steps)
        if at.tb_frame.f_code.co_filename == GENERATED:
            position = _position(at.tb_frame, at.tb_lineno)
            if position is not None:
                steps.append(Frame(_describe(at.tb_frame), position))
        traceback = at.tb_next
    return steps + waiting


def _take_frames(waiting: list[Frame], at: TracebackType, steps: list[Frame]) -> list[Frame]:
    """Move the frames that were recorded at this place from `waiting` to `steps`; those that still wait."""
    steps += [frame for frame in waiting if frame.at is at]
    return [frame for frame in waiting if frame.at is not at]


def callers_of(error: OsconfError, place: Position | None) -> list[Position]:
    """The user's own lines that led to the place that is shown, innermost first."""
    if place is None or error.code in _WITHOUT_CALLERS or (_speaks_for_itself(error) and type(error) is not Throw):
        return []
    seen = {(known.file, known.line) for known in (place, error.position) if known is not None}
    callers = []
    for frame in trace_of(error):
        position = frame.position
        if frame.doing == _WHOLE_FILE or position is None or not is_own_place(position):
            continue
        if (position.file, position.line) not in seen:
            seen.add((position.file, position.line))
            callers.append(position)
    return callers


def cycle_of(error: OsconfError) -> list[Position]:
    """For an infinite recursion: the places around the cycle, from the value that needs itself."""
    passed: list[tuple[FrameType, int]] = []
    traceback = error.__traceback__
    cell = None
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "black_hole":
            cell = frame.f_locals.get("_cell")
        passed.append((frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    start = next((i for i, (frame, _) in enumerate(passed) if cell is not None and _runs(frame, cell)), None)
    if start is None:
        return []
    places = [_position(frame, line) for frame, line in passed[start:] if frame.f_code.co_filename == GENERATED]
    return list(dict.fromkeys(place for place in places if place is not None))


def render_error(
    error: OsconfError, *, show_trace: bool = False, color: bool = False, width: int = 0, offers_trace: bool = True
) -> str:
    """The error as a terminal of some width shows it: one screen, or everything with `show_trace`.

    Without a width nothing is broken into lines: that is for files and other programs.
    """
    style = _STYLES if color else dict.fromkeys(_STYLES, "")
    head, *more = from_latin_safely(error.message).rstrip("\n").split("\n")
    lines = [
        *(_render_steps(steps_of(error), style) if show_trace else ()),
        f"{style['error']}error:{style['end']} {style['bold']}{_wrap(head, width)}{style['end']}",
        *(f"       {m}" for m in more),
    ]
    trace = trace_of(error)
    place = place_of(error)
    if place is not None:
        lines += _excerpt(place, style, width)
        if error.position is not None and place != error.position:
            verb = "the function is" if error.code in _CALL_MISTAKES else "found"
            lines.append(f"       {style['dim']}{verb} at {error.position}{style['end']}")
    if error.code == "infinite-recursion":
        cycle = cycle_of(error)
        if len(cycle) > 1:
            lines.append("       the value needs itself through:")
            lines += [f"         {position}" for position in cycle[:_MAX_CONTEXT]]
    callers = callers_of(error, place)
    contexts = error.frames
    if place is None or is_own_place(place):
        # What osconf's own library was doing says little to people who did not write it.
        contexts = [frame for frame in contexts if frame.position is None or is_own_place(frame.position)]
    contexts = [] if show_trace else contexts[:_MAX_CONTEXT]
    if not show_trace:
        lines += [_render_caller(caller, style) for caller in callers[:_MAX_CALLERS]]
    for frame in contexts:
        if _is_said(frame, error, place):
            continue
        at = f" ({frame.position})" if frame.position and frame.position != place else ""
        lines.append(f"       … {from_latin_safely(frame.doing)}{at}")
    if error.hint:
        lines.append(
            f"       {style['hint']}hint:{style['end']} {_wrap(from_latin_safely(error.hint), width, len('hint: '))}"
        )
    if offers_trace and not show_trace and (len(trace) > 1 or len(error.frames) > len(contexts)):
        lines.append(f"       {style['dim']}(--show-trace shows how the evaluation came here){style['end']}")
    return "\n".join(lines)


def _is_said(frame: Frame, error: OsconfError, place: Position | None) -> bool:
    """Whether the message names what was being evaluated, and nothing else is known of it."""
    what = frame.doing.removeprefix("while evaluating ")
    return frame.position in (None, place) and what != frame.doing and what in error.message


def from_latin_safely(text: str) -> str:
    """Text of a message, which may hold strings of the language or ordinary text already."""
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return text.translate(_PICTURES)


def _wrap(text: str, width: int, used: int = 0) -> str:
    """A sentence in lines of a terminal, of the first of which something is used; names and paths stay whole."""
    if width < _LEAST_WIDTH:
        return text
    import textwrap  # only a terminal needs it

    first = " " * used
    lines = textwrap.wrap(
        text, width - len(_MARGIN), initial_indent=first, break_long_words=False, break_on_hyphens=False
    )
    return f"\n{_MARGIN}".join(lines)[used:]


def _render_caller(caller: Position, style: dict[str, str]) -> str:
    text = from_latin_safely((_line_of(caller) or "").strip())
    cut = text if len(text) <= _MAX_LINE else text[:_MAX_LINE] + "…"
    return f"       {style['dim']}… from {caller}: {cut}{style['end']}"


def _render_steps(steps: list[Frame], style: dict[str, str]) -> list[str]:
    """The way to the error, before it: as in Nix the error itself comes last, where people look first."""
    if not steps:
        return []
    lines = [f"{style['bold']}trace, outermost first:{style['end']}"]
    shown = steps if len(steps) <= _MAX_TRACE else [*steps[: _MAX_TRACE // 2], *steps[-_MAX_TRACE // 2 :]]
    for index, step in enumerate(shown):
        if len(shown) < len(steps) and index == _MAX_TRACE // 2:
            lines.append(f"       … {len(steps) - len(shown)} more …")
        lines.append(f"       … {from_latin_safely(step.doing)}")
        if step.position is not None:
            lines.append(f"         at {step.position}:")
            text = _line_of(step.position)
            if text:
                lines.append(f"           {style['dim']}{from_latin_safely(text.strip())}{style['end']}")
    return [*lines, ""]


def _excerpt(place: Position, style: dict[str, str], width: int) -> list[str]:
    lines = [f"       at {from_latin_safely(place.file)}:{place.line}:{place.column}:"]
    text = _line_of(place)
    if text is None:
        return lines
    number = str(place.line)
    gutter = " " * len(number)
    # The column counts bytes; the caret must stand under a character.
    before, shown = from_latin_safely(text[: place.column - 1]), from_latin_safely(text)
    most = _MAX_EXCERPT
    if width >= _LEAST_WIDTH:
        most = min(most, width - len(f"{_MARGIN}{gutter} | ……"))
    if len(shown) > most:
        start = max(0, min(len(before) - most // 2, len(shown) - most))
        cut = "…" if start else ""
        before = cut + before[start:]
        shown = cut + shown[start : start + most] + ("…" if start + most < len(shown) else "")
    indent = "".join("\t" if character == "\t" else " " for character in before)
    lines.append(f"       {style['dim']}{gutter} |{style['end']}")
    lines.append(f"       {style['dim']}{number} |{style['end']} {shown}")
    lines.append(f"       {style['dim']}{gutter} |{style['end']} {indent}{style['error']}^{style['end']}")
    return lines


def _line_of(position: Position | None) -> str | None:
    source = SOURCES.get(position.file) if position is not None else None
    return source.line(position.line) if source is not None and position is not None else None


def _own_place(error: OsconfError, trace: list[Frame]) -> Position | None:
    """The user's own line where there is one: a mistake that surfaces in osconf's library was made by its caller."""
    if error.code in _CALL_MISTAKES and len(trace) > 1:
        trace = trace[1:]
        if trace[0].position is not None and is_own_place(trace[0].position):
            return trace[0].position
    if error.position is not None and is_own_place(error.position):
        return error.position
    for frame in trace:
        if frame.position is not None and is_own_place(frame.position):
            return frame.position
    return error.position


def place_of(error: OsconfError) -> Position | None:
    """The place that is shown for an error: the user's own line where there is one."""
    place = _own_place(error, trace_of(error))
    return None if place is not None and not is_own_place(place) and _speaks_for_itself(error) else place


def has_own_place(error: OsconfError) -> bool:
    """Whether there is a line of the user's to show."""
    place = _own_place(error, trace_of(error))
    return place is not None and is_own_place(place)


def is_own_place(position: Position) -> bool:
    """Whether a place is in the user's texts, not in osconf's library."""
    return is_own_file(position.file)


def is_own_file(file: str) -> bool:
    """Whether a file is the user's, not of osconf's library."""
    return not file.startswith(_LIBRARY)


def _speaks_for_itself(error: OsconfError) -> bool:
    """Whether the message was written for people: by an author of modules, or about the world outside of the text."""
    return isinstance(error, Throw) or not isinstance(error, EvalError)


def _language_frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == GENERATED:
            yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _position(frame: FrameType, line: int) -> Position | None:
    source: Source = frame.f_globals["SOURCE"]
    offset = source.offset_of_code_line(line)
    return None if offset is None else source.position(offset)


def _describe(frame: FrameType) -> str:
    name = frame.f_code.co_name
    if name == "main":
        return _WHOLE_FILE
    pattern = frame.f_globals.get("FUNCTIONS", {}).get(name)
    if pattern is None:
        return "while evaluating an expression"
    bound_to = Pattern(*pattern).name
    return f"in the function '{bound_to}'" if bound_to else "in a function"


def _runs(frame: FrameType, cell: object) -> bool:
    return any(frame.f_locals.get(name) is cell for name in ("t", "cell"))
