"""The system closure: the texts in it that need the built environment and the closure's own path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from osconf.system.environment_facts import EnvironmentFacts

BOOT_VERSION = 1

_ACTIVATE = """\
#!/usr/bin/python3 -IS
# Makes this generation the running system; `activate boot` is what the initrd calls.
import os
import sys

sys.path.insert(0, {activator!r})
from osconf.activation.__main__ import main

sys.exit(main(sys.argv[1:], os.path.dirname(os.path.abspath(__file__))))
"""

_SWITCH = """\
#!/usr/bin/python3 -IS
# switch-to-configuration switch|boot|test|dry-activate|check
import os
import sys

sys.path.insert(0, {activator!r})
from osconf.activation.launcher import main

sys.exit(main(sys.argv[1:], os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
"""


def activation_program(activator: str) -> str:
    """The text of `activate`; `activator` is the folder that holds the `osconf` package."""
    return _ACTIVATE.format(activator=activator)


def switch_program(activator: str) -> str:
    """The text of `bin/switch-to-configuration`."""
    return _SWITCH.format(activator=activator)


def complete_activation(
    activation: Mapping[str, Any], etc_entries: list[dict[str, str]], facts: EnvironmentFacts
) -> dict[str, Any]:
    """activation.json: what the configuration says, with the entries of /etc and every privileged program."""
    return {
        **activation,
        "etcEntries": etc_entries,
        "wrappers": merge_wrappers(facts.description.get("wrappers", ()), activation["wrappers"], facts),
    }


def merge_wrappers(
    packaged: Iterable[Mapping[str, Any]], declared: Iterable[Mapping[str, Any]], facts: EnvironmentFacts
) -> list[dict[str, Any]]:
    """The wrappers of packages, replaced or taken away by those of the configuration, by name.

    A declared source may be a program of a view or of /usr: its file in the package is what gets copied, since the
    one in the environment may itself be the link to the wrapper.
    """
    wrappers = {wrapper["name"]: dict(wrapper) for wrapper in packaged}
    for wrapper in declared:
        if wrapper["enable"]:
            source = facts.find_file(wrapper["source"]) or wrapper["source"]
            kept = {key: value for key, value in wrapper.items() if key != "enable"}
            wrappers[wrapper["name"]] = {**kept, "source": source}
        else:
            wrappers.pop(wrapper["name"], None)
    return [wrappers[name] for name in sorted(wrappers)]


def describe_boot(
    out: str,
    *,
    label: str,
    kernel: str,
    kernel_version: str,
    initrd: str,
    kernel_params: list[str],
    specialisations: Mapping[str, str],
) -> dict[str, Any]:
    """boot.json: how to start the generation at the store path `out`."""
    return {
        "version": BOOT_VERSION,
        "label": label,
        "kernel": kernel,
        "kernelVersion": kernel_version,
        "initrd": initrd,
        "kernelParams": kernel_parameters(out, kernel_params),
        "init": f"{out}/init",
        "system": out,
        "specialisations": dict(specialisations),
    }


def kernel_parameters(out: str, parameters: list[str]) -> list[str]:
    """The kernel's command line, which ends with the generation to start."""
    return [*parameters, f"osconf.system={out}"]


def to_text(data: Any) -> str:
    """JSON as the closure holds it: sorted, readable, one line break at the end."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
