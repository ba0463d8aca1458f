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

# Strings, and the names that the compiler numbers.
_WORD = re.compile(r"""('(?>[^'\\]*(?:\\.[^'\\]*)*)'|"(?>[^"\\]*(?:\\.[^"\\]*)*)"|(?>[_vtkpfsaw][0-9]\w*|[IB]_\w+))""")

Shape = tuple[tuple[str, ...], tuple[int, ...]]
_TEMPLATES: dict[Shape, CodeType | None] = {}
"""The code of each shape, with `x1`, `x2` … for its words; None when Python computed something from them."""
_MARKS = [f"x{number}" for number in range(1000)]


def compile_function(text: str, label: str, first_line: int) -> CodeType:
    """The code of the one function that is all of `text` and begins at `first_line` of the file `label`."""
    pieces = _WORD.split(text)
    words = pieces[1::2]
    numbers: dict[str, int] = {}
    contents: dict[str, str] = {}
    for number, word in enumerate(dict.fromkeys(words), 1):
        mark = _MARKS[number] if number < 1000 else f"x{number}"
        if word[0] not in "'\"":
            numbers[word] = number
            contents[mark] = word
        elif word == "''":
            # Python may decide by what is empty, so that belongs to the shape.
            numbers[word] = 0
        else:
            numbers[word] = -number
            contents[mark] = ast.literal_eval(word) if "\\" in word else word[1:-1]
    shape = tuple(pieces[::2]), tuple([numbers[word] for word in words])
    template = _TEMPLATES.get(shape)
    if template is None:
        if shape not in _TEMPLATES:
            pieces[1::2] = [f"x{n}" if n > 0 else f"'x{-n}'" if n else "''" for n in shape[1]]
            template = _compile("".join(pieces))
            if not _is_faithful(template, {f"x{-n}" for n in numbers.values() if n < 0}):
                template = None
            _TEMPLATES[shape] = template
        if template is None:
            return _fill(_compile(text), {}, label, first_line - 1)
    return _fill(template, contents, label, first_line - 1)


def _compile(text: str) -> CodeType:
    module = compile(text, "", "exec", dont_inherit=True, optimize=1)
    return next(c for c in module.co_consts if isinstance(c, CodeType))


def _is_faithful(constant: Any, strings: set[str]) -> bool:
    """Whether every string in the code is one of the template's own."""
    if isinstance(constant, CodeType):
        return all(_is_faithful(c, strings) for c in constant.co_consts)
    if isinstance(constant, tuple):
        return all(_is_faithful(c, strings) for c in constant)
    return constant in strings or constant == "" if isinstance(constant, str) else not isinstance(constant, frozenset)


def _fill(code: CodeType, words: dict[str, str], label: str, by: int) -> CodeType:
    name = words.get(code.co_name, code.co_name)
    return code.replace(
        co_name=name,
        co_qualname=name,
        co_filename=label,
        co_firstlineno=code.co_firstlineno + by,
        co_names=tuple([words.get(n, n) for n in code.co_names]),
        co_consts=tuple([_fill_constant(c, words, label, by) for c in code.co_consts]),
    )


def _fill_constant(constant: Any, words: dict[str, str], label: str, by: int) -> Any:
    if type(constant) is str:
        return words.get(constant, constant)
    if type(constant) is tuple:
        return tuple([_fill_constant(c, words, label, by) for c in constant])
    return _fill(constant, words, label, by) if type(constant) is CodeType else constant
