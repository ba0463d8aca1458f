"""The configurations in README and the how-to guides evaluate to systems."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/how-to").glob("*.md")),
    *sorted((ROOT / "docs/tutorials").glob("*.md")),
]
# What a reader has and a test has not: a directory of packages, a suite that may have expired.
ELSEWHERE = ("/srv/debs", "pkgs.forky")
HARDWARE = """{
  imports = [ ./@name@ ];
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; };
  system.stateVersion = "0.1";
}
"""

pytestmark = pytest.mark.archive


def find_snippets() -> Iterator[tuple[str, str]]:
    """The snippets in the language, each with a name."""
    for page in PAGES:
        for number, text in enumerate(
            re.findall(r"^```nix\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        ):
            if not any(word in text for word in ELSEWHERE):
                yield f"{page.stem}-{number}", text


SNIPPETS = dict(find_snippets())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the configurations lie, beside one lock."""
    return tmp_path_factory.mktemp("snippets")


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet_is_a_configuration(name: str, folder: Path) -> None:
    text = SNIPPETS[name]
    is_module = text.lstrip().startswith("{")
    module = folder / name
    module.mkdir()
    (module / "default.nix").write_text(text if is_module else f"{{ config, lib, pkgs, ... }}:\n{{\n{text}\n}}\n")
    for file in re.findall(r"(?<![\w.])\./([\w.-]+)", text):
        (module / file).write_text("")
    configuration = folder / f"{name}.nix"
    configuration.write_text(HARDWARE.replace("@name@", name))
    done = subprocess.run(
        [sys.executable, "-m", "osconf.cli", "instantiate", "-c", str(configuration)],
        capture_output=True,
        encoding="utf-8",
        env={"OSCONF_STORE": str(folder / "store"), **os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(".drv\n")
