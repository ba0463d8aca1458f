"""Every option of the OS modules is documented, and every one can be asked about."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from os_language import TREE, Configuration, with_configuration

from osconf.module_system.documentation import describe_option, documents_of, list_options

EXAMPLE = TREE / "examples" / "webserver.nix"
NOT_MODULES = {"default.nix", "module-list.nix", "utils.nix"}


def test_every_option_has_a_description() -> None:
    def undocumented(configuration: Configuration) -> list[str]:
        return [document.path for document in documents_of(configuration.value) if not document.description]

    assert with_configuration(EXAMPLE, undocumented) == []


def test_every_option_can_be_described() -> None:
    def describe_all(configuration: Configuration) -> int:
        summaries = list_options(configuration.value)
        for summary in summaries:
            assert describe_option(configuration.value, summary.path).type
        return len(summaries)

    assert with_configuration(EXAMPLE, describe_all) > 300


def test_every_module_is_listed() -> None:
    listed = (TREE / "modules" / "module-list.nix").read_text()
    # What other modules import, and what makes virtual machines and images.
    helpers = {"no-specialisation.nix", "qemu-vm.nix", "disk-image.nix"}
    for path in (TREE / "modules").rglob("*.nix"):
        text = path.read_text()
        declares = "\n  options" in text and "config" in text.split(":")[0]
        if declares and path.name not in NOT_MODULES | helpers:
            relative = str(path.relative_to(TREE / "modules")).removesuffix("/default.nix")
            assert f"./{relative}\n" in listed, f"{relative} is not in module-list.nix"
