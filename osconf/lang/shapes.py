"""From the Python text of a function to its code, compiled once for all functions that look alike.

Most thunks of a library differ only in names and strings: `lib.optional`, `types.str`. Compiling is the most expensive
step of a first run, so a text is reduced to its shape, the shape is compiled, and every function of that shape gets the
code with its own names, strings and lines.
"""

from __future__ import annotations

import ast
import re
from types import CodeType
from typing import Any

from osconf.lang.source import GENERATED

# Strings, and the names that the compiler numbers.
_WORD = re.compile(r"""('(?>[^'\\]*(?:\\.[^'\\]*)*)'|"(?>[^"\\]*(?:\\.[^"\\]*)*)"|(?>[_vtkpfsaw][0-9]\w*|[IB]_\w+))""")

NAME_MARK = "x"
Shaped = tuple[CodeType, dict[str, str]]
"""Code with marks for its words, `x1` for names and `y2` for strings, and the words."""
Shape = tuple[tuple[str, ...], tuple[int, ...]]
_TEMPLATES: dict[Shape, CodeType | None] = {}
"""The code of each shape; None when Python computed something from its words."""
_MARKS = [f"x{number}" for number in range(1000)]


def compile_function(text: str, first_line: int) -> CodeType:
    """The code of the one function that is all of `text` and begins at `first_line` of its module."""
    shaped = find_shape(text)
    if shaped is None:
        return _fill(_compile(text), {}, first_line - 1)
    return fill_shape(shaped, first_line)


def fill_shape(shaped: Shaped, first_line: int) -> CodeType:
    """Code with its words in it, for the function that begins at `first_line` of its module."""
    return _fill(*shaped, first_line - 1)


def find_shape(text: str) -> Shaped | None:
    """The code of a function's shape, and its words; None when its words cannot be put in afterwards."""
    pieces = _WORD.split(text)
    words = pieces[1::2]
    numbers: dict[str, int] = {}
    contents: dict[str, str] = {}
    for number, word in enumerate(dict.fromkeys(words), 1):
        if word[0] not in "'\"":
            numbers[word] = number
            contents[_MARKS[number] if number < 1000 else f"x{number}"] = word
        elif word == "''":
            # Python may decide by what is empty, so that belongs to the shape.
            numbers[word] = 0
        else:
            numbers[word] = -number
            contents[f"y{number}"] = ast.literal_eval(word) if "\\" in word else word[1:-1]
    shape = tuple(pieces[::2]), tuple([numbers[word] for word in words])
    template = _TEMPLATES.get(shape)
    if template is None and shape not in _TEMPLATES:
        pieces[1::2] = [f"x{n}" if n > 0 else f"'y{-n}'" if n else "''" for n in shape[1]]
        template = _compile("".join(pieces))
        if not _is_faithful(template.co_consts, {f"y{-n}" for n in numbers.values() if n < 0}):
            template = None
        _TEMPLATES[shape] = template
    return None if template is None else (template, contents)


def _compile(text: str) -> CodeType:
    module = compile(text, GENERATED, "exec", dont_inherit=True, optimize=1)
    return next(c for c in module.co_consts if isinstance(c, CodeType))


def _is_faithful(constants: tuple[Any, ...], strings: set[str]) -> bool:
    """Whether every string in the constants of some code is one of the template's own."""
    for constant in constants:
        kind = type(constant)
        if kind is str:
            if constant and constant not in strings:
                return False
        elif kind is tuple or kind is CodeType:
            if not _is_faithful(constant if kind is tuple else constant.co_consts, strings):
                return False
        elif kind is frozenset:
            return False
    return True


def _fill(code: CodeType, words: dict[str, str], by: int) -> CodeType:
    name = words.get(code.co_name, code.co_name)
    return code.replace(
        co_name=name,
        co_qualname=name,
        co_firstlineno=code.co_firstlineno + by,
        co_names=tuple([words.get(n, n) for n in code.co_names]),
        co_consts=tuple([words.get(c, c) if type(c) is str else _fill_constant(c, words, by) for c in code.co_consts]),
    )


def _fill_constant(constant: Any, words: dict[str, str], by: int) -> Any:
    if type(constant) is tuple:
        return tuple([words.get(c, c) if type(c) is str else _fill_constant(c, words, by) for c in constant])
    return _fill(constant, words, by) if type(constant) is CodeType else constant
