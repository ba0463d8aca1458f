"""Files and variables through which a sandboxed builder gets its derivation's attributes.

Plain attributes are environment variables, or files when they are named in `passAsFile`; structured ones are
`.attrs.json` and, for bash, `.attrs.sh`. `exportReferencesGraph` hands over closures. The forms are Nix's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from osconf.build.inputs import input_paths
from osconf.build.placeholders import real_environment, replace_placeholders
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.model.hashes import hash_bytes
from osconf.model.path_info import PathInfo
from osconf.model.store_path import DRV_SUFFIX
from osconf.store.local import LocalStore

BUILD_DIR = "/build"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class BuilderInput:
    """Environment variables, and files to write into the build directory."""

    env: Mapping[str, str]
    files: Mapping[str, bytes]


def prepare_input(store: LocalStore, drv_path: str, drv: Derivation) -> BuilderInput:
    """What the attributes of a derivation become."""
    if drv.structured is not None:
        return _structured_input(store, drv_path, drv)
    env = real_environment(drv)
    files: dict[str, bytes] = {}
    for name in env.get("passAsFile", "").split():
        if name not in env:
            continue
        file = f".attr-{hash_bytes('sha256', name.encode()).base32()}"
        files[file] = env.pop(name).encode("utf-8", "surrogateescape")
        env[f"{name}Path"] = f"{BUILD_DIR}/{file}"
    words = env.get("exportReferencesGraph", "").split()
    if len(words) % 2:
        raise BuildError(f"'{drv.name}': exportReferencesGraph is not a list of name and path pairs", drv=drv_path)
    for name, path in zip(words[::2], words[1::2], strict=True):
        _check_graph_name(drv_path, drv, name)
        files[name] = export_references(store, _graph_of(store, drv_path, drv, [path])).encode()
    return BuilderInput(env, files)


def _check_graph_name(drv_path: str, drv: Derivation, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
        raise BuildError(f"'{drv.name}': exportReferencesGraph has the bad file name '{name}'", drv=drv_path)


def _graph_of(store: LocalStore, drv_path: str, drv: Derivation, wanted: Iterable[str]) -> set[str]:
    """The closure of some paths; with a derivation in it come its outputs."""
    inputs = set(store.closure(input_paths(store, drv)))
    tops = [store.store_path_of(path) for path in wanted]
    for path in tops:
        if path not in inputs:
            raise BuildError(
                f"'{drv.name}': exportReferencesGraph names '{path}', which is not among its inputs",
                drv=drv_path,
                hint="name the path with its context, so that it is built first",
            )
    closure = set(store.closure(tops))
    made = [
        output.path
        for path in closure
        if path.endswith(DRV_SUFFIX)
        for output in store.read_derivation(path).outputs.values()
    ]
    return closure | set(store.closure(made))


def export_references(store: LocalStore, paths: Iterable[str]) -> str:
    """The graph of some paths as text: path, an empty line for the deriver, count of references, references."""
    lines: list[str] = []
    for path in sorted(paths):
        references = store.references(path)
        lines += [path, "", str(len(references)), *references]
    return "\n".join(lines) + "\n"


def describe_closure(store: LocalStore, paths: Iterable[str]) -> list[dict[str, Any]]:
    """The graph of some paths, of which all references are among them, as data."""
    infos = {path: store.query_path_info(path) for path in sorted(paths)}
    return [
        {
            "path": path,
            "narHash": info.nar_hash.prefixed(),
            "narSize": info.nar_size,
            "closureSize": _closure_size(infos, path),
            "references": sorted(info.references),
            "valid": True,
            **({"ca": info.content_address} if info.content_address else {}),
        }
        for path, info in infos.items()
    ]


def _closure_size(infos: Mapping[str, PathInfo], path: str) -> int:
    closure = [path]
    seen = {path}
    for reached in closure:
        new = infos[reached].references - seen
        seen |= new
        closure.extend(new)
    return sum(infos[reached].nar_size for reached in closure)


def _structured_input(store: LocalStore, drv_path: str, drv: Derivation) -> BuilderInput:
    text = replace_placeholders(drv, drv.env["__json"])
    attributes: dict[str, Any] = json.loads(text.encode("latin-1"))
    graphs = attributes.get("exportReferencesGraph") or {}
    if not isinstance(graphs, dict):
        raise BuildError(f"'{drv.name}': exportReferencesGraph is not an attribute set", drv=drv_path)
    for name, paths in graphs.items():
        wanted = [paths] if isinstance(paths, str) else paths
        attributes[name] = describe_closure(store, _graph_of(store, drv_path, drv, wanted))
    attributes["outputs"] = {name: output.path for name, output in drv.outputs.items()}
    files = {
        ".attrs.json": json.dumps(attributes, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
        ".attrs.sh": write_shell_attributes(attributes).encode(),
    }
    env = {
        "NIX_ATTRS_JSON_FILE": f"{BUILD_DIR}/.attrs.json",
        "NIX_ATTRS_SH_FILE": f"{BUILD_DIR}/.attrs.sh",
        **{name: output.path for name, output in drv.outputs.items()},
    }
    return BuilderInput(env, files)


def write_shell_attributes(attributes: Mapping[str, Any]) -> str:
    """Bash declarations of the attributes that bash can hold: texts, numbers, lists and sets of them."""
    lines = []
    for name, value in sorted(attributes.items()):
        if not _IDENTIFIER.match(name):
            continue
        word = _shell_word(value)
        if word is not None:
            lines.append(f"declare {name}={word}\n")
        elif isinstance(value, list):
            words = [_shell_word(item) for item in value]
            if None not in words:
                lines.append(f"declare -a {name}=({''.join(f'{item} ' for item in words)})\n")
        elif isinstance(value, dict):
            pairs = {key: _shell_word(item) for key, item in value.items()}
            if None not in pairs.values():
                inside = "".join(f"[{_quote(key)}]={item} " for key, item in sorted(pairs.items()))
                lines.append(f"declare -A {name}=({inside})\n")
    return "".join(lines)


def _shell_word(value: object) -> str | None:
    if value is None:
        return "''"
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return _quote(value) if isinstance(value, str) else None


def _quote(text: str) -> str:
    # As Nix does, always; shlex leaves quotes out where it can.
    return "'" + text.replace("'", "'\\''") + "'"
