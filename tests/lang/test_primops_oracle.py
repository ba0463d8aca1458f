"""The builtins beside the real Nix that is installed: the same values, the same failures, the same `.drv` paths."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from language import find_nix, is_recent, show
from primop_cases import ERRORS, EXPECTED, VALUES, has_changed_since_2_8, run_nix, wrap

NIX = find_nix()
pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not NIX, reason="nix is not installed")]
KNOWN = json.loads(EXPECTED.read_text())


def is_comparable(expression: str) -> bool:
    return is_recent(NIX) or not has_changed_since_2_8(expression)


@pytest.mark.parametrize("theme", VALUES)
def test_values(theme: str) -> None:
    """All the values of a theme in one run, as a list."""
    expressions = [text for text in VALUES[theme] if is_comparable(text)]
    listed = " ".join(f"(builtins.toJSON (builtins.toXML ({text})))" for text in expressions)
    result = run_nix(NIX, f"[ {listed} ]")
    assert result.returncode == 0, result.stderr
    assert show(wrap(f"[ {listed} ]")) == result.stdout.rstrip("\n")


@pytest.mark.parametrize("theme", ERRORS)
def test_errors(theme: str) -> None:
    succeeded = [text for text in ERRORS[theme] if is_comparable(text) and run_nix(NIX, text).returncode == 0]
    assert not succeeded


NAME = st.text("abcxyz0189+-._?=", min_size=1, max_size=12).filter(
    lambda name: not name.endswith(".drv") and name[0] != "."
)
TEXT = st.text('ab \n\t"\\$é{}', max_size=10)
KEY = st.sampled_from(["a", "B", "_x", "src", "env1", "passAsFile", "allowedReferences", "PATH"])


def quote(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${").replace("\n", "\\n").replace("\t", "\\t")
    )
    return f'"{escaped}"'


@st.composite
def value_text(draw: st.DrawFn, names: list[str]) -> str:
    """An attribute's value: plain data, other derivations, files, placeholders."""
    kind = draw(st.integers(0, 9))
    if kind <= 2:
        return quote(draw(TEXT))
    if kind == 3:
        return draw(st.sampled_from(["1", "(-5)", "true", "false", "null", "1.5"]))
    if kind == 4:
        return f"[ {' '.join(draw(st.lists(value_text(names), max_size=3)))} ]"
    if kind == 5:
        return f'(builtins.toFile "f" {quote(draw(TEXT))})'
    if kind == 6:
        return '(placeholder "out")'
    if names and kind <= 8:
        name = draw(st.sampled_from(names))
        return draw(st.sampled_from([name, f'"${{{name}}}/bin"', f"{name}.drvPath", f'"${{{name}.drvPath}}"']))
    return "./text"


@st.composite
def derivation_text(draw: st.DrawFn, names: list[str]) -> str:
    attrs = {key: draw(value_text(names)) for key in draw(st.sets(KEY, max_size=4))}
    attrs["name"] = quote(draw(NAME))
    attrs["system"] = '"x86_64-linux"'
    attrs["builder"] = draw(st.sampled_from(['"/bin/sh"', '"builtin:x"', *names]))
    if draw(st.booleans()):
        attrs["args"] = f"[ {' '.join(draw(st.lists(value_text(names), max_size=3)))} ]"
    match draw(st.integers(0, 3)):
        case 0:
            attrs["outputs"] = draw(st.sampled_from(['[ "out" "dev" ]', '[ "lib" "out" "man" ]', '[ "bin" ]']))
        case 1:
            algorithm = draw(st.sampled_from(["md5", "sha1", "sha256", "sha512"]))
            attrs["outputHash"] = f'builtins.hashString "{algorithm}" {quote(draw(TEXT))}'
            attrs["outputHashAlgo"] = f'"{algorithm}"'
            attrs["outputHashMode"] = draw(st.sampled_from(['"flat"', '"recursive"']))
    if draw(st.integers(0, 3)) == 0:
        attrs["__structuredAttrs"] = "true"
        if attrs["builder"] in names:
            attrs["builder"] = f'"${{{attrs["builder"]}}}"'
    if draw(st.integers(0, 3)) == 0:
        attrs["__ignoreNulls"] = "true"
    return "derivation { " + " ".join(f"{key} = {value};" for key, value in attrs.items()) + " }"


@st.composite
def derivation_graph(draw: st.DrawFn) -> str:
    names: list[str] = []
    bindings = []
    for index in range(draw(st.integers(1, 4))):
        bindings.append(f"d{index} = {draw(derivation_text(names))};")
        names.append(f"d{index}")
    shown = " ".join(f"{name}.drvPath (map (o: o.outPath) {name}.all)" for name in names)
    return f"let {' '.join(bindings)} in [ {shown} ]"


@settings(max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(derivation_graph(), min_size=8, max_size=8))
def test_derivation_paths(graphs: list[str]) -> None:
    """Generated derivations have the `.drv` paths and the output paths that Nix computes; eight graphs a run."""
    text = f"[ {' '.join(f'({graph})' for graph in graphs)} ]".replace("./text", '(files + "/text")')
    with tempfile.TemporaryDirectory() as store:
        result = run_nix(NIX, text, Path(store))
    assert result.returncode == 0, f"{text}\n{result.stderr}"
    assert show(wrap(text)) == result.stdout.rstrip("\n")


ATOM = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[[:alpha:]]", "\\.", "[a-c]", ""])
REGEX = st.recursive(
    ATOM,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,1}", "{1,}"])),
    ),
    max_leaves=8,
)
CASES = st.lists(st.tuples(REGEX, st.text("abcx.", max_size=7)), min_size=40, max_size=40)


@settings(max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(CASES)
def test_regular_expressions(cases: list[tuple[str, str]]) -> None:
    listed = " ".join(
        f"(builtins.{how} {quote(regex)} {quote(text)})" for regex, text in cases for how in ("match", "split")
    )
    result = run_nix(NIX, f"[ {listed} ]")
    assert result.returncode == 0, result.stderr
    assert show(f"[ {listed} ]") == result.stdout.rstrip("\n")


@pytest.mark.skipif(not NIX or not is_recent(NIX), reason="older ones print floats with six digits")
@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False), min_size=200, max_size=200))
def test_floats(numbers: list[float]) -> None:
    text = f"let x = builtins.fromJSON {quote(json.dumps(numbers))}; in [ (builtins.toJSON x) (toString x) x ]"
    result = run_nix(NIX, text)
    assert result.returncode == 0, result.stderr
    assert show(text) == result.stdout.rstrip("\n")
