"""From a description to the launcher's input, and to a command that a person can paste."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from osconf.sandbox.spec import Overlay, SandboxSpec

LAUNCHER = Path(__file__).with_name("launcher.py")


def launcher_command() -> list[str]:
    """The interpreter and the launcher, without arguments."""
    return [sys.executable, "-I", "-S", "-E", str(LAUNCHER)]


def encode_spec(spec: SandboxSpec) -> dict[str, Any]:
    """The launcher's form: plain data, sources resolved, mounts in the order of their depth."""
    mounts = sorted(_mounts(spec), key=lambda step: _depth(step[0]))
    return {
        "argv": list(spec.argv),
        "env": dict(spec.env),
        "cwd": spec.cwd,
        "uid": spec.uid,
        "gid": spec.gid,
        "outside": [spec.outside.uid, spec.outside.gid, list(spec.outside.groups)] if spec.outside else None,
        "network": spec.network,
        "unix_sockets": spec.unix_sockets,
        "mounts": [step for _, step in mounts],
        "directories": list(spec.directories),
        "symlinks": [list(pair) for pair in spec.symlinks],
        "files": [list(pair) for pair in spec.files],
        "devices": list(spec.devices),
        "hostname": spec.hostname,
        "terminal": spec.inherit_terminal,
        "private_pids": spec.private_pids,
    }


def _mounts(spec: SandboxSpec) -> Iterator[tuple[str, list[Any]]]:
    """(target, step) of every mount; of those at one place the later covers the earlier."""
    parents: dict[str, str] = {}
    for target in spec.tmpfs:
        yield target, ["tmpfs", target]
    for overlay in spec.overlays:
        yield overlay.target, _encode_overlay(overlay)
    for bind in spec.binds:
        source = _resolve_parent(os.fspath(bind.source), parents)
        if bind.optional and not os.path.lexists(source):
            continue
        yield bind.target, ["bind", source, bind.target, bind.read_only]


def _encode_overlay(overlay: Overlay) -> list[Any]:
    lower = [os.path.realpath(path) for path in overlay.lower]
    upper = os.path.realpath(overlay.upper) if overlay.upper is not None else ""
    work = os.path.realpath(overlay.work) if overlay.work is not None else ""
    return ["overlay", lower, overlay.target, upper, work]


def _resolve_parent(path: str, parents: dict[str, str]) -> str:
    """Resolve links in a path except in its last part: a store path that is a link stays one."""
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - links must stay
    known = parents.get(parent)
    if known is None:
        known = parents[parent] = os.path.realpath(parent)
    return os.path.join(known, name)  # noqa: PTH118 - text in, text out


def _depth(target: str) -> int:
    return target.rstrip("/").count("/")


def describe_command(spec: SandboxSpec) -> str:
    """A shell command that runs the same sandbox again."""
    return shlex.join([*launcher_command(), json.dumps(encode_spec(spec), sort_keys=True)])


def with_shell(spec: SandboxSpec, shell: tuple[str, ...] = ("/usr/bin/bash",)) -> SandboxSpec:
    """The same sandbox with a shell for a person instead of its command."""
    env = {**spec.env, "TERM": os.environ.get("TERM", "dumb")}
    return replace(spec, argv=shell, env=env, inherit_terminal=True, timeout=0, max_silent_time=0)
