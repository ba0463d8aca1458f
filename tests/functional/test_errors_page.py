"""The page of mistakes shows what the program prints.

Each section of docs/explanation/errors.md has lines of a configuration (`nix`) and what osconf says (`console`).
`ACCEPT=1` writes what comes out into the page, for review.
"""

from __future__ import annotations

import os
import re
import textwrap

import pytest

from tests.functional.offline_machine import HARDWARE, ROOT, Machine

PAGE = ROOT / "docs/explanation/errors.md"
_SECTION = re.compile(
    r"^## \d+\. (?P<title>[^\n]+)\n.*?```nix\n(?P<lines>.*?)```\n.*?^NixOS:\n.*?```console\n(?P<said>.*?)```$",
    re.DOTALL | re.MULTILINE,
)
SECTIONS = {found["title"]: found for found in _SECTION.finditer(PAGE.read_text("utf-8"))}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.write("hardware.nix", HARDWARE)
    machine.write("other.nix", '{ networking.hostName = "mail"; }\n')
    return machine


def configuration(lines: str) -> str:
    """A whole configuration with the lines of a section."""
    imports = "" if "imports" in lines else "  imports = [ ./hardware.nix ];\n"
    return f"{{ config, lib, pkgs, ... }}:\n{{\n{imports}{textwrap.indent(lines, '  ')}}}\n"


def test_page_has_eleven_mistakes() -> None:
    assert len(SECTIONS) == 11


@pytest.mark.parametrize("title", SECTIONS)
def test_page_shows_what_is_printed(machine: Machine, title: str) -> None:
    section = SECTIONS[title]
    machine.write("configuration.nix", configuration(section["lines"]))
    done = machine.run("build", "-c", "configuration.nix")
    assert done.code == 1
    said = done.stderr.replace("/machine/etc/", "/etc/osconf/").replace("/tree/", "/usr/share/osconf/")
    if os.environ.get("ACCEPT"):
        accept(title, said)
    else:
        assert section["said"] == said


def accept(title: str, said: str) -> None:
    """Write what is said about a mistake into the page."""
    text = PAGE.read_text("utf-8")
    found = next(found for found in _SECTION.finditer(text) if found["title"] == title)
    start, end = found.span("said")
    PAGE.write_text(text[:start] + said + text[end:], "utf-8")


def test_missing_file_is_shown_where_it_was_set(machine: Machine) -> None:
    machine.write("configuration.nix", configuration("environment.etc.motd.source = ./no-such-file;\n"))
    done = machine.run("build", "-c", "configuration.nix")
    assert done.code == 1
    assert "/etc/no-such-file' does not exist" in done.stderr
    assert "configuration.nix:4:3" in done.stderr


def test_definitions_without_effect_are_told(machine: Machine) -> None:
    lines = 'services.nginx.virtualHosts.a.root = "/srv";\nservices.openssh.settings.UseDn = true;\n'
    machine.write("configuration.nix", configuration("services.openssh.enable = true;\n" + lines))
    done = machine.run("instantiate", "-c", "configuration.nix")
    assert done.code == 0, done.stderr
    assert (
        "services.nginx.enable is false, so these definitions have no effect: services.nginx.virtualHosts"
        in done.stderr
    )
    assert "did you mean `services.openssh.settings.UseDns'?" in done.stderr


def test_definitions_without_effect_are_told_beside_variants(machine: Machine) -> None:
    lines = """services.nginx.virtualHosts.a.root = "/srv";
services.fail2ban.maxretry = 7;
specialisation.web.configuration = { services.nginx.enable = true; services.postgresql.settings.port = 7; };
specialisation.plain.configuration = { };
"""
    machine.write("configuration.nix", configuration(lines))
    done = machine.run("instantiate", "-c", "configuration.nix")
    assert done.code == 0, done.stderr
    assert "services.nginx" not in done.stderr
    assert "services.fail2ban.enable is false, so these definitions have no effect" in done.stderr
    assert "services.postgresql.enable is false in specialisation.web, so these" in done.stderr
