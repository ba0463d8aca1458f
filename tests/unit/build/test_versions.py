"""The outputs of the generic builders are frozen: a change of output must come with a new version.

A builder's version is part of its derivations' hashes. When it stayed while the output changed, two machines would have
different content at the same path. Accept a change with a raised version by running this file as a program.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pytest

from osconf.build.builtins import GENERIC_BUILDERS
from osconf.model.nar import hash_path
from osconf.store.local import LocalStore
from tests.unit.build.conftest import Recipe, Workbench

GOLDEN = Path(__file__).with_name("builder_versions.json")


def make_samples(bench: Workbench) -> dict[str, Recipe]:
    """One derivation per builder that uses most of what it can do."""
    note = bench.text("note", "a note\n")
    entries = [
        {"path": "bin/x", "text": "#!/bin/sh\n", "mode": "0555"},
        {"path": "share/note", "kind": "link", "target": note.out},
        {"path": "copy", "kind": "copy", "target": note.out},
        {"path": "empty", "kind": "directory"},
    ]
    tree = bench.derive("tree", "builtin:tree", note, entries=json.dumps(entries))
    other = bench.derive("other", "builtin:tree", entries=json.dumps([{"path": "bin/y", "text": "y"}]))
    template = "{% for x in list %}\n[{{ x | shell_quote }}]\n{% endfor %}\n{{ unit | unit_value }}\n"
    return {
        "write": bench.derive("w", "builtin:write", text="text\n", destination="bin/w", executable="1"),
        "tree": tree,
        "join": bench.derive("join", "builtin:join", tree, other, paths=f"{tree.out} {other.out}", linkDirectories="1"),
        "render": bench.derive(
            "r",
            "builtin:render",
            template=template,
            context='{"list": ["a b", "c"], "unit": true}',
            destination="etc/r",
        ),
    }


def current_state() -> dict[str, dict[str, str]]:
    """Version and content hash of every sample."""
    with tempfile.TemporaryDirectory() as directory, LocalStore.open(Path(directory), durable=False) as store:
        bench = Workbench(store)
        state = {}
        for name, recipe in make_samples(bench).items():
            content = hash_path(bench.build(recipe))[0].sri()
            state[name] = {"version": GENERIC_BUILDERS[name].version, "hash": content}
        return state


@pytest.mark.parametrize("name", ["write", "tree", "join", "render"])
def test_output_changes_with_the_version_alone(name: str) -> None:
    golden, now = json.loads(GOLDEN.read_text())[name], current_state()[name]
    if golden["version"] == now["version"]:
        assert golden["hash"] == now["hash"], f"builtin:{name} makes something else: raise its version"
    else:
        pytest.fail(f"builtin:{name} has a new version: accept it with 'python -m tests.unit.build.test_versions'")


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(current_state(), indent=2, sort_keys=True) + "\n")
    sys.exit(0)
