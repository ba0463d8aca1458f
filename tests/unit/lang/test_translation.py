"""Translation bit by bit: what is put off, what it captures, and code shared by functions that look alike."""

from __future__ import annotations

from pathlib import Path
from types import CodeType, FunctionType

import pytest

from osconf.errors import EvalError
from osconf.lang import evaluator as evaluator_module
from osconf.lang.compile import module
from osconf.lang.compile.free import IMPLIED, REQUIRED, WITHIN, free_names
from osconf.lang.compile.outline import MOULDS
from osconf.lang.evaluator import EvalSettings, Evaluator, compile_source, run_deep
from osconf.lang.parser import parse
from osconf.lang.shapes import compile_function, fill_shape, find_shape
from osconf.lang.source import GENERATED, Source
from osconf.lang.world import PureWorld

TEXT = """
let
  lib = { id = x: x; twice = f: x: f (f x); };
  inherit (lib) id twice;
  scope = { hidden = 40; };
in {
  first = { a = { b = { c = { d = twice (x: x + 1) 1; }; }; }; };
  second = with scope; [ hidden (twice (n: n * hidden) (id 1)) ];
  third = rec { x = y + 1; y = id 2; z = let w = x; in [ w (w - y) ]; };
  first' = { a ? id 7, b ? a + 1 }@all: a + b;
}
"""
EXPECTED = {
    "(import FILE).first.a": '{"b":{"c":{"d":3}}}',
    "builtins.head (import FILE).second": "40",
    "builtins.elemAt (import FILE).second 1": "1600",
    "(import FILE).third": '{"x":3,"y":2,"z":[3,1]}',
    "(import FILE).first' { }": "15",
}


def as_json(expression: str, cache: Path | None) -> str:
    from osconf.lang.json import to_json

    def work() -> str:
        evaluator = Evaluator(PureWorld(), settings=EvalSettings(cache_dir=cache))
        return to_json(evaluator.eval_text(expression))

    return run_deep(work)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.nix"
    path.write_text(TEXT)
    return path


def test_a_process_goes_on_with_what_another_one_saved(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {key.replace("FILE", str(file)): value for key, value in EXPECTED.items()}
    assert {expression: as_json(expression, None) for expression in expected} == expected
    for order in (expected, reversed(expected)):
        assert {expression: as_json(expression, tmp_path / "cache") for expression in order} == expected

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("translated again")

    monkeypatch.setattr(evaluator_module, "compile_source", refuse)
    assert {expression: as_json(expression, tmp_path / "cache") for expression in expected} == expected


def test_names_do_not_depend_on_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "outline_of", lambda *_: None)
    marks, names = Evaluator(PureWorld()).compiler_names()
    source = Source("«string»", "let f = x: [ (f (g x)) ]; g = x: { a = f x; b = [ (g (f x)) ]; }; in [ (f 1) (g 2) ]")

    def written(order: int) -> dict[str, str]:
        translation = compile_source(source, marks, names, is_lazy=True)
        parts = list(translation.write("main"))
        delayed = list(parts[0].delayed)
        while delayed:
            for part in translation.write(delayed.pop(order)):
                parts.append(part)
                delayed += part.delayed
        return {name: text.python for part in parts for name, text in part.texts.items()}

    assert written(0) == written(-1)
    # The innermost can be asked for at once: what is around it is written before it.
    inner = max(written(0), key=len)
    fresh = compile_source(source, marks, names, is_lazy=True)
    assert {name: text.python for part in fresh.write(inner) for name, text in part.texts.items()}.items() <= written(
        0
    ).items()


@pytest.mark.parametrize(
    "text", ["{ a = { b = missing; }; }", "[ (x: [ (y: [ (missing y) ]) ]) ]", "{ a = with { }; b: [ c ]; d = e; }"]
)
def test_an_undefined_variable_is_found_before_anything_runs(text: str) -> None:
    with pytest.raises(EvalError, match="undefined variable"):
        run_deep(lambda: Evaluator(PureWorld()).eval_text(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b.c ? d", {"a": REQUIRED, "b": REQUIRED}),
        ("with w; x: x y", {"w": REQUIRED, "y": WITHIN}),
        ("let a = b; inherit c; inherit (a) d; in [ a c d e ]", {"b": REQUIRED, "c": REQUIRED, "e": REQUIRED}),
        ("rec { a = b; b = c; ${d} = a; inherit e; }", {"c": REQUIRED, "d": REQUIRED, "e": REQUIRED}),
        ("{ a ? b, b, ... }@c: [ a b c d ]", {"d": REQUIRED}),
        ("x - 1 < -y", {"__lessThan": IMPLIED, "__sub": IMPLIED, "x": REQUIRED, "y": REQUIRED}),
        ("<nixpkgs>", {"__findFile": IMPLIED, "__nixPath": IMPLIED}),
        ('"${a}" + ./b/${c} + __curPos.file', {"a": REQUIRED, "c": REQUIRED}),
        ("if a then assert b; c else !d && s.${e} or f", dict.fromkeys("abcdsef", REQUIRED)),
        ("with a; with b; c + (d: c)", {"a": REQUIRED, "b": WITHIN, "c": WITHIN}),
    ],
)
def test_free_names(text: str, expected: dict[str, int]) -> None:
    assert free_names(parse(Source("«string»", text))) == expected


@pytest.mark.parametrize(
    "texts",
    [
        ("def t1(v1_x):\n return v1_x + 'one' + ''", "def t2(v2_y):\n return v2_y + 'it\\'s' + ''"),
        ('def t1(v1):\n return v1 + "it\'s" + v1', "def t7(v8):\n return v8 + '\\n' + v8"),
        ("def t1(v1):\n return ('a' + 'b', v1)", "def t1(v1):\n return ('a' + 'a', v1)"),
        (
            "def f3(v1):\n def f4(a): return ('x', ('y', v1), a)\n return f4('z')",
            "def f9(v3):\n def f8(a): return ('q', ('y', v3), a)\n return f8('y')",
        ),
        ("def t1(v1):\n return v1 if '' else 'a'", "def t1(v1):\n return v1 if 'x' else 'a'"),
    ],
)
def test_functions_that_look_alike_keep_their_own_words(texts: tuple[str, str]) -> None:
    for number, text in enumerate(texts):
        namespace: dict[str, FunctionType] = {}
        exec(text, namespace)
        name = text[4 : text.index("(")]
        code = compile_function(text, 10 * number + 5)
        assert FunctionType(code, {})("«") == namespace[name]("«")
        assert (code.co_name, code.co_filename, code.co_firstlineno) == (name, GENERATED, 10 * number + 5)
        assert [line for *_, line in code.co_lines() if line] == [
            line + 10 * number + 4 for *_, line in namespace[name].__code__.co_lines() if line
        ]


def _write_everything(source: Source) -> list[tuple[object, ...]]:
    """The parts of a text, translated lazily, with code in the place of Python text."""
    marks, names = Evaluator(PureWorld()).compiler_names()
    translation = compile_source(source, marks, names, is_lazy=True)
    written: list[tuple[object, ...]] = []
    for part in translation.write_all():
        functions = {}
        for name, text in part.texts.items():
            shaped = text.shaped or find_shape(text.python)
            code = compile_function(text.python, 1) if shaped is None else fill_shape(shaped, 1)
            functions[name] = (_facts_of(code), text.parameters, text.offsets)
        written.append((functions, part.delayed, part.spots, part.constants, part.functions))
    return written


def _facts_of(code: CodeType) -> tuple[object, ...]:
    # The names of variables inside a function are nobody's business.
    constants = [_facts_of(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts]
    lines = [*code.co_lines()]
    return code.co_code, constants, code.co_names, code.co_name, code.co_nlocals, code.co_exceptiontable, lines


def test_thunks_that_look_alike_are_what_translating_each_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    folders = ("lib", "modules", "pkgs", "tests/lang/cases", "tests/bench/language")
    files = [file for folder in folders for file in sorted((root / folder).rglob("*.nix"))]
    sources = [(file, Source(str(file), file.read_text("latin-1"))) for file in files]
    cast = run_deep(lambda: [_write_everything(source) for _, source in sources])
    counts = [mould is not None for mould in MOULDS.values()]
    assert sum(counts) > 100
    monkeypatch.setattr(module, "outline_of", lambda *_: None)
    for (file, source), ours in zip(sources, cast, strict=True):
        assert run_deep(lambda s=source: _write_everything(s)) == ours, file


def test_the_code_of_a_text_serves_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    {
      beside = ./beside.nix;
      within = n: ./a + "/${n}";
      mixed = ./. + "/b" + builtins.toString ./c/${"d"}/e;
      here = __curPos.file;
      value = import ./beside.nix;
      place = (builtins.unsafeGetAttrPos "here" { here = 1; }).file;
    }
    """
    answers = {}
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "x.nix").write_text(text)
        (folder / "beside.nix").write_text(f'"{name}"')
        expression = f'let x = import {folder}/x.nix; in x // {{ within = toString (x.within "n"); mixed = x.mixed; }}'
        strings = f"builtins.mapAttrs (_: toString) (removeAttrs ({expression}) [ ])"
        answers[name] = as_json(strings, tmp_path / "cache").replace(str(folder), "FOLDER").replace(name, "NAME")
        with pytest.raises(EvalError) as caught:
            as_json(f"import {folder}/x.nix + 1", tmp_path / "cache")
        assert caught.value.position is not None
        translated = []
        monkeypatch.setattr(
            evaluator_module,
            "compile_source",
            lambda source, *arguments, translated=translated, **options: (
                translated.append(source.label),
                compile_source(source, *arguments, **options),
            )[1],
        )
    assert answers["first"] == answers["second"]
    assert '"here":"FOLDER/x.nix"' in answers["first"]
    assert '"place":"FOLDER/x.nix"' in answers["first"]
    assert not [label for label in translated if label.endswith("/x.nix")]
