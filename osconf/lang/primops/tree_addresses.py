"""Addresses of trees, such as `git+https://…?ref=main` or `github:owner/repo`, as the attributes they stand for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from osconf.errors import EvalError

_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):([^?#]*)(?:\?([^#]*))?\Z")
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tar\.(?:gz|xz|bz2|zst))\Z")
_REVISION = re.compile(r"[0-9a-f]{40}\Z")
_TRANSPORTS = ("http", "https", "file")
_HOSTS = ("github", "gitlab", "sourcehut")
_NUMBERS = frozenset(("revCount", "lastModified"))
_LOCKS = frozenset(("narHash", "rev", *_NUMBERS))
_GIT_SWITCHES = frozenset(("shallow", "submodules", "exportIgnore", "allRefs"))
_GIT_TRANSPORTS = ("http", "https", "ssh", "file", "git")


def parse_tree_address(address: str) -> dict[str, Any]:
    """The attributes, `type` among them."""
    found = _ADDRESS.match(address)
    if found is None:
        raise _unsupported(address)
    scheme, rest, query = found[1], found[2], dict(parse_qsl(found[3] or "", keep_blank_values=True))
    application, plus, transport = scheme.partition("+")
    if scheme == "path":
        return {"type": "path", "path": unquote(rest), **_typed(query)}
    if scheme in _HOSTS:
        return _hosted(scheme, rest, query, address)
    if scheme == "git" or (plus and application == "git" and transport in _GIT_TRANSPORTS):
        return _git(transport or scheme, rest, query)
    if plus and application in ("tarball", "file") and transport in _TRANSPORTS:
        return _archived(application, transport, rest, query)
    if scheme in _TRANSPORTS:
        return _archived("tarball" if _ARCHIVE.search(rest) else "file", scheme, rest, query)
    raise _unsupported(address)


def _archived(kind: str, transport: str, rest: str, query: dict[str, str]) -> dict[str, Any]:
    locks = {name: query[name] for name in query if name in _LOCKS}
    others = {name: query[name] for name in query if name not in _LOCKS}
    return {"type": kind, "url": _address(transport, rest, others), **_typed(locks)}


def _git(transport: str, rest: str, query: dict[str, str]) -> dict[str, Any]:
    attrs: dict[str, Any] = {"type": "git"}
    others = {}
    for name, value in query.items():
        if name in ("ref", "rev", "narHash"):
            attrs[name] = value
        elif name in _GIT_SWITCHES:
            attrs[name] = value == "1"
        else:
            others[name] = value
    return {**attrs, "url": _address(transport, rest, others)}


def _hosted(kind: str, rest: str, query: dict[str, str], address: str) -> dict[str, Any]:
    parts = [unquote(part) for part in rest.split("/")]
    if len(parts) < 2:
        raise _unsupported(address)
    attrs = {"type": kind, "owner": parts[0], "repo": parts[1], **_typed(query)}
    version = "/".join(parts[2:])
    if version:
        if "ref" in query or "rev" in query:
            raise EvalError(f"'{address}' names more than one revision", code="bad-address")
        attrs["rev" if _REVISION.match(version) else "ref"] = version
    return attrs


def _address(transport: str, rest: str, query: dict[str, str]) -> str:
    return f"{transport}:{rest}{'?' if query else ''}{urlencode(query)}"


def _typed(query: dict[str, str]) -> dict[str, Any]:
    return {name: int(value) if name in _NUMBERS and value.isdigit() else value for name, value in query.items()}


def _unsupported(address: str) -> EvalError:
    return EvalError(
        f"'{address}' is not the address of a tree",
        code="bad-address",
        hint="such as https://…/x.tar.gz, git+https://…?ref=main, path:/a/folder or github:owner/repo",
    )
