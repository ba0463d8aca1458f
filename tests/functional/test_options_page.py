"""The options reference in what people read it with: a browser, man, and a program that reads JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from osconf.rebuild.options import option_reference

CHROMIUM = shutil.which("chromium")
TYPE = '<script>search.value = "{}"; search.dispatchEvent(new Event("input"));</script>'
_SECTION = re.compile(r'<section id="opt-(?P<name>[^"]+)"(?P<rest>[^>]*)>')


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "options.html"
    path.write_text(option_reference("html"), "utf-8")
    return path


def browse(address: str, profile: Path) -> tuple[list[str], str]:
    """The options that a browser shows, the first one first, and what the page says about their number."""
    assert CHROMIUM is not None
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --dump-dom"
    command = [CHROMIUM, *flags.split(), f"--user-data-dir={profile}", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    shown = []
    for found in _SECTION.finditer(done.stdout):
        if "hidden" not in found["rest"]:
            order = re.search(r"order: (\d+)", found["rest"])
            shown.append((int(order[1]) if order else 0, found["name"]))
    said = re.search(r'<p id="count">(.*?)</p>', done.stdout)
    assert said is not None
    return [name for _, name in sorted(shown, key=lambda item: item[0])], said[1]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no browser: chromium is not installed")
def test_search_in_a_browser(page: Path, tmp_path: Path) -> None:
    shown, said = browse(f"file://{page}", tmp_path / "all")
    assert "services.nginx.enable" in shown and len(shown) > 1000
    assert said == ""

    typed = page.with_name("typed.html")
    typed.write_text(page.read_text("utf-8") + TYPE.format("Firewall allowedTCP"), "utf-8")
    shown, said = browse(f"file://{typed}", tmp_path / "typed")
    assert shown[0].startswith("networking.firewall.allowedTCPPort")
    assert said == f"{len(shown)} found"
    assert len(shown) < 20

    shown, _ = browse(f"file://{page}?q=nginx+virtualHosts", tmp_path / "query")
    assert shown[0] == "services.nginx.virtualHosts"
    assert browse(f"file://{page}?q=nothinglikethis", tmp_path / "none") == ([], "Nothing is called or described so.")


def test_page_needs_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="', text)
    names = [found["name"] for found in _SECTION.finditer(text)]
    assert len(names) == len(set(names))


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_manual_page_has_no_mistakes(tmp_path: Path) -> None:
    page = tmp_path / "configuration.nix.5"
    page.write_text(option_reference("man"), "utf-8")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", str(page)], capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    text = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout.decode())
    assert "networking.firewall.allowedTCPPorts" in text
    assert "list of 16 bit unsigned integer" in re.sub(r"[()]", "", text)


def test_json_has_every_option() -> None:
    options = json.loads(option_reference("json"))
    port = options["networking.firewall.allowedTCPPorts"]
    assert port["loc"] == ["networking", "firewall", "allowedTCPPorts"]
    assert port["type"].startswith("list of 16 bit")
    assert port["declarations"] == ["<osconf/modules/services/networking/firewall.nix>"]
    assert all(option["description"] for option in options.values())
