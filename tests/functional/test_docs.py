"""The documentation says what there is: commands, options, links, decisions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from osconf.cli.app import program
from osconf.cli.reference import command_reference
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.world import PureWorld
from osconf.module_system.documentation import documents_of
from osconf.module_system.primops import MODULE_PRIMOPS
from osconf.module_system.reports import OptionDocument

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *sorted(ROOT.glob("docs/**/*.md"))]
DECISIONS = sorted(ROOT.glob("docs/adr/*.md"))
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, with what one types to call them."""
    yield context.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from walk(inner, click.Context(inner, info_name=name, parent=context))


COMMANDS = dict(walk(program, click.Context(program, info_name="osconf", **program.context_settings)))


def test_reference_of_the_command_line_is_current() -> None:
    written = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert written == command_reference(), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    command = COMMANDS[name]
    text, _, example = (command.help or "").partition("Example:")
    assert text.strip("\b \n").endswith("."), "what the command does is missing"
    assert example.strip(), "an example is missing"
    assert "osconf" in example
    undocumented = [p.opts[0] for p in command.params if isinstance(p, click.Option) and not p.help]
    assert undocumented == []


def test_examples_are_calls_that_exist() -> None:
    for name, command in COMMANDS.items():
        for line in (command.help or "").partition("Example:")[2].splitlines():
            for words in re.findall(r"\bosconf ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", line):
                first, _, second = words.partition(" ")
                assert f"osconf {first}" in COMMANDS, f"{name}: {line}"
                if isinstance(COMMANDS[f"osconf {first}"], click.Group) and second:
                    assert f"osconf {first} {second}" in COMMANDS, f"{name}: {line}"


def test_options_of_the_examples_exist() -> None:
    for name, command in COMMANDS.items():
        for line in (command.help or "").partition("Example:")[2].splitlines():
            words = shlex.split(line.split(" && ")[0])
            if " ".join(words[: len(name.split())]) != name:
                continue
            known = {spelling for p in command.params for spelling in (*p.opts, *p.secondary_opts)}
            given = {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}
            assert given <= known, f"{name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page.relative_to(ROOT)}: {target}"
        if anchor and goal.suffix == ".md":
            assert anchor in anchors(goal), f"{page.relative_to(ROOT)}: {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made of their text."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_decisions_are_numbered() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        assert re.fullmatch(r"\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.md", page.name)
        assert page.read_text("utf-8").startswith("# "), page.name


def read_options() -> list[OptionDocument]:
    """The options that osconf's own modules declare."""

    def work() -> list[OptionDocument]:
        evaluator = Evaluator(PureWorld(), internal=MODULE_PRIMOPS)
        return list(documents_of(evaluator.eval_text("import <osconf/modules> { configuration = { }; }")))

    return run_deep(work)


def test_options_are_described() -> None:
    options = read_options()
    assert len(options) > 500
    assert [option.path for option in options if not option.description.strip()] == []
    assert [option.path for option in options if not option.type.strip()] == []
