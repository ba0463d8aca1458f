"""The pages of the reference name what exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import osconf
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.values import Value
from osconf.lang.world import PureWorld
from osconf.module_system.library import render_library
from osconf.module_system.manual import escape_roff, render_html, render_manual_page
from osconf.module_system.primops import MODULE_PRIMOPS
from osconf.module_system.reference import render_markdown

PAGE = Path(osconf.__file__).parent.parent / "docs" / "reference" / "option-types.md"


def evaluate_names(expression: str) -> list[str]:
    def work() -> list[str]:
        evaluator = Evaluator(PureWorld(), internal=MODULE_PRIMOPS)
        return list(evaluator.deep_force(evaluator.eval_text(expression)))

    return run_deep(work)


def test_every_type_is_documented() -> None:
    page = PAGE.read_text()
    named = set(re.findall(r"`(?:ints\.|numbers\.)?([a-zA-Z0-9]+)", page))
    missing = [name for name in evaluate_names("builtins.attrNames (import <osconf/lib>).types") if name not in named]
    assert [name for name in missing if name not in ("ints", "numbers", "types")] == []


def test_reference_has_a_section_per_option() -> None:
    text = """
    let lib = import <osconf/lib>; in lib.evalModules { modules = [ {
      options.services.web.port = lib.mkOption { type = lib.types.port; default = 80; description = "The port."; };
      options.services.web.text = lib.mkOption { type = lib.types.lines; default = "a\\nb\\n"; };
    } ]; }
    """

    def work() -> str:
        return render_markdown(Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text))

    page = run_deep(work)
    assert "## services.web" in page
    assert "### `services.web.port`\n\nThe port.\n\n- Type: 16 bit unsigned integer" in page
    assert "- Default: `80`" in page
    assert "  ```nix\n  ''\n    a\n    b\n  ''\n  ```" in page


CONFIGURATION = """
let lib = import <osconf/lib>; in lib.evalModules { modules = [ {
  options.a = lib.mkOption {
    type = lib.types.lines;
    default = ".dot <b>";
    description = "Uses {option}`b.c` & more.\\n\\nSee [the page](https://example.org).";
  };
} ]; }
"""


def render(use: Callable[[Value], str]) -> str:
    return run_deep(lambda: use(Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(CONFIGURATION)))


def test_html_page_escapes_texts_and_marks_code() -> None:
    page = render(render_html)
    assert '<section id="opt-a">' in page
    assert "<p>Uses <code>b.c</code> &amp; more.</p>" in page
    assert '<a href="https://example.org">the page</a>' in page
    assert "<code>&#34;.dot &lt;b&gt;&#34;</code>" in page


def test_manual_page_shows_texts_as_they_are() -> None:
    page = render(render_manual_page)
    assert page.startswith(".TH CONFIGURATION.NIX 5")
    assert "Uses b.c & more." in page
    assert escape_roff(".a\n'b\\c-d") == "\\&.a\n\\&'b\\ec\\-d"


def test_library_reference_has_types_summaries_and_examples() -> None:
    page = render_library()
    assert "### `pipe`\n\nPass a value through functions from left to right.\n\n    pipe : a -> [a -> b] -> b\n" in page
    assert "```nix\nlib.flip lib.concat [ 1 ] [ 2 ]\n# [ 2 1 ]\n```" in page
    assert "### `subpath.join`" in page
