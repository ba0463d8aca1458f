"""Configurations and the files they render: `configurations/X.nix` with `expected/X.txt`.

A configuration says in comments what to show: `# show: ATTRIBUTE` for a rendered file, `# value: ATTRIBUTE` for a value
as JSON, `# fails` for the error of the whole system. `ACCEPT=1` writes what comes out as what is expected; review it
like code. No archive is needed: see `os_language`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from osconf.errors import OsconfError

sys.path.insert(0, str(Path(__file__).parent))
from os_language import Configuration, with_configuration

HERE = Path(__file__).parent
CONFIGURATIONS = sorted((HERE / "configurations").glob("*.nix"))
_INSTRUCTION = re.compile(r"# (show|value|fails)(?:: (\S+))?$", re.MULTILINE)
# Store hashes change with anything that a file is made from.
_HASH = re.compile(r"(?<=/osconf/store/)[0-9a-z]{32}(?=-)|(?<=-Triggers=)[0-9a-f]{64}")


def describe(configuration: Configuration, instructions: list[tuple[str, str]]) -> str:
    parts = []
    for instruction, attribute in instructions:
        if instruction == "show":
            parts.append(f"=== {attribute}\n{configuration.read(attribute)}")
        elif instruction == "value":
            value = json.dumps(configuration.select(attribute), indent=1, sort_keys=True)
            parts.append(f"=== {attribute}\n{value}\n")
        else:
            with pytest.raises(OsconfError) as raised:
                configuration.select("system.drvPath")
            parts.append(f"=== fails\n{raised.value.message}\n")
    return "\n".join(parts)


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda path: path.stem)
def test_configuration_renders_expected_files(file: Path) -> None:
    instructions = _INSTRUCTION.findall(file.read_text())
    text = with_configuration(file, lambda configuration: describe(configuration, instructions))
    text = _HASH.sub("HASH", text)
    expected = HERE / "expected" / f"{file.stem}.txt"
    if os.environ.get("ACCEPT"):
        expected.write_text(text)
    assert text == expected.read_text()
