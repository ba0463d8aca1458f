"""Primops that fetch sources: by URL, from git, as trees. The world does the work; these read the arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from osconf.errors import EvalError, OsconfError, StoreError
from osconf.lang.git import GitRequest
from osconf.lang.primops.expect import expect_attrs, expect_bool, expect_int, expect_plain_string
from osconf.lang.primops.file_access import realise_context
from osconf.lang.primops.registry import current, primop
from osconf.lang.primops.sources import add_source, expected_hash
from osconf.lang.primops.tree_addresses import parse_tree_address
from osconf.lang.runtime import canonical_path, coerce_to_string, force
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value, context_of, from_latin, with_context
from osconf.model.hashes import Hash
from osconf.model.store_path import make_fixed_output_path

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_REVISION = re.compile(r"[0-9a-f]{40}\Z|[0-9a-f]{64}\Z")
_NO_REVISION = "0" * 40
_HOSTS = {
    "github": ("github.com", "https://{host}/{owner}/{repo}/archive/{rev}.tar.gz"),
    "gitlab": ("gitlab.com", "https://{host}/{owner}/{repo}/-/archive/{rev}/{repo}-{rev}.tar.gz"),
    "sourcehut": ("git.sr.ht", "https://{host}/{owner}/{repo}/archive/{rev}.tar.gz"),
}

_LOCK_ATTRIBUTES = frozenset(("type", "narHash", "lastModified", "rev", "revCount"))
_TREE_ATTRIBUTES = {
    "path": {"path"},
    "file": {"url", "unpack"},
    "tarball": {"url", "unpack"},
    **{host: {"owner", "repo", "ref", "host"} for host in _HOSTS},
}


@dataclass(frozen=True, slots=True)
class _Download:
    url: str
    name: str
    expected: str | None


def _read_download(argument: Value, who: str, default_name: str | None) -> _Download:
    """The argument of fetchurl and fetchTarball: a URL, or `{ url, sha256 ?, name ? }`."""
    url, name, expected = "", default_name, None
    if type(argument) is dict or type(argument) is LazyAttrs:
        for key in sorted(argument):
            if key not in ("url", "sha256", "name"):
                raise EvalError(f"unsupported argument '{key}' to '{who}'", code="unexpected-argument")
            value = expect_plain_string(force(argument[key]), f"the `{key}` attribute passed to builtins.{who}")
            match key:
                case "url":
                    url = value
                case "sha256":
                    expected = expected_hash(value)
                case "name":
                    name = value
        if not url:
            raise EvalError("'url' argument required", code="missing-argument")
    else:
        url = expect_plain_string(argument, f"the argument passed to builtins.{who}")
    if name is None:
        name = url.rstrip("/").rpartition("/")[2]
    if expected is None and getattr(current().settings, "pure", False):
        raise EvalError(f"in pure evaluation mode, '{who}' requires a 'sha256' argument", code="impure")
    return _Download(url, name, expected)


def _fetch_download(download: _Download, *, unpack: bool) -> str:
    world = current().world
    try:
        if download.expected is not None:
            # What is in the store already is not fetched again.
            digest = Hash.parse(download.expected, "sha256")
            known = make_fixed_output_path(download.name, digest, unpack, (), world.store_dir)
            if world.is_valid(known):
                return with_context(known, (known,))
        path = world.fetch_url(download.url, name=download.name, unpack=unpack, expected=download.expected)
    except OsconfError as error:
        if isinstance(error, StoreError):
            error = EvalError(error.message, code=error.code, hint=error.hint)
        raise error.while_(f"while fetching '{from_latin(download.url)}'") from None
    return with_context(path, (path,))


@primop("fetchurl", "!")
def fetch_url(argument: Value) -> str:
    """`string | { url, sha256 ?, name ? } -> string`: download a file into the store while evaluating.

    builtins.fetchurl "https://example.org/a.txt"  =>  "/osconf/store/…-a.txt"
    """
    return _fetch_download(_read_download(argument, "fetchurl", None), unpack=False)


@primop("fetchTarball", "!")
def fetch_tarball(argument: Value) -> str:
    """`string | { url, sha256 ?, name ? } -> string`: download a tar archive into the store and unpack it.

    fetchTarball "https://example.org/a.tar.gz"  =>  "/osconf/store/…-source"
    """
    return _fetch_download(_read_download(argument, "fetchTarball", "source"), unpack=True)


@primop("fetchGit", "!")
def fetch_git(argument: Value) -> dict[str, Any]:
    """`string | path | { url, rev ?, ref ?, name ?, submodules ?, shallow ?, allRefs ? } -> attrs`: a git checkout.

    (builtins.fetchGit ./.).rev  =>  "0123456789abcdef…"
    """
    if type(argument) is dict or type(argument) is LazyAttrs:
        if "url" not in argument:
            raise EvalError("attribute 'url' is missing in call to 'fetchGit'", code="missing-argument")
        return _checkout(_read_git(argument, "fetchGit"))
    return _checkout(GitRequest(_git_url(argument)))


def _git_url(value: Value) -> str:
    if type(value) is Path:
        return value.text
    text = coerce_to_string(value)
    if context_of(text):
        realise_context(context_of(text))
    plain = str.__str__(text)
    return plain if _SCHEME.match(plain) or not plain.startswith("/") else canonical_path(plain)


def _read_git(attrs: Any, who: str) -> GitRequest:
    texts = {"name": "source", "ref": "", "rev": ""}
    switches = {"submodules": False, "shallow": False, "allRefs": False, "exportIgnore": False}
    url, expected = "", None
    for key in sorted(attrs):
        value = force(attrs[key])
        where = f"the `{key}` attribute passed to builtins.{who}"
        if key == "url":
            url = _git_url(value)
        elif key in texts:
            texts[key] = expect_plain_string(value, where)
        elif key in switches:
            switches[key] = expect_bool(value, where)
        elif key == "narHash":
            expected = expect_plain_string(value, where)
        elif key not in ("type", "lastModified", "revCount", "lastModifiedDate", "shortRev"):
            raise EvalError(f"input attribute '{key}' not supported by scheme 'git'", code="unexpected-argument")
    if texts["rev"] and not _REVISION.match(texts["rev"]):
        raise EvalError(f"hash '{texts['rev']}' is not a git revision", code="bad-revision")
    return GitRequest(
        url,
        name=texts["name"],
        ref=texts["ref"],
        rev=texts["rev"],
        submodules=switches["submodules"],
        shallow=switches["shallow"],
        all_refs=switches["allRefs"],
        expected=expected,
    )


def _checkout(request: GitRequest) -> dict[str, Any]:
    evaluator = current()
    if getattr(evaluator.settings, "pure", False) and not request.rev:
        raise EvalError("in pure evaluation mode, 'fetchGit' requires a `rev` attribute", code="impure")
    try:
        checkout = evaluator.world.fetch_git(request)
    except OsconfError as error:
        raise error.while_(f"while fetching the git repository '{from_latin(request.url)}'") from None
    rev = checkout.rev or _NO_REVISION
    result: dict[str, Any] = {
        **_tree(checkout.path),
        "lastModified": checkout.last_modified,
        "lastModifiedDate": format_date(checkout.last_modified),
        "rev": rev,
        "revCount": 0 if request.shallow and request.rev else checkout.rev_count,
        "shortRev": rev[:7],
        "submodules": request.submodules,
    }
    if checkout.dirty_rev:
        result["dirtyRev"] = f"{checkout.dirty_rev}-dirty"
        result["dirtyShortRev"] = f"{checkout.dirty_rev[:7]}-dirty"
    return result


def _tree(path: str) -> dict[str, Any]:
    return {"narHash": current().world.nar_hash(path), "outPath": with_context(path, (path,))}


def format_date(seconds: int) -> str:
    """A time as fetched trees show it: year to second, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


@primop("fetchMercurial", "!")
def fetch_mercurial(_argument: Value) -> Value:
    """`string | attrs -> attrs`: refused, for there is no Mercurial here; use fetchGit or fetchTarball.

    builtins.fetchMercurial "https://example.org/repo"  =>  error
    """
    raise EvalError(
        "'builtins.fetchMercurial' needs Mercurial, which osconf does not use",
        code="no-mercurial",
        hint="use builtins.fetchGit or builtins.fetchTarball",
    )


@primop("fetchTree", "!")
def fetch_tree(argument: Value) -> dict[str, Any]:
    """`string | { type, … } -> attrs`: fetch a tree: type path, file, tarball, git, github, gitlab or sourcehut.

    (builtins.fetchTree { type = "path"; path = "/etc/os-release"; }).outPath  =>  "/osconf/store/…-source"
    """
    is_address = isinstance(argument, str)
    if is_address:
        attrs: Any = parse_tree_address(expect_plain_string(argument, "the argument passed to builtins.fetchTree"))
    else:
        attrs = expect_attrs(argument, "the argument passed to builtins.fetchTree")
    if "type" not in attrs:
        raise EvalError("attribute 'type' is missing in call to 'fetchTree'", code="missing-argument")
    kind = expect_plain_string(force(attrs["type"]), "the `type` argument passed to builtins.fetchTree")
    if "name" in attrs:
        raise EvalError("argument 'name' isn't supported in call to 'fetchTree'", code="unexpected-argument")
    if kind == "git":
        return _fetch_git_tree(attrs, is_shallow=not is_address)
    if kind not in _TREE_ATTRIBUTES:
        raise EvalError(f"input type '{kind}' is not supported by 'fetchTree'", code="unsupported-input")
    for name in sorted(attrs):
        if name not in _TREE_ATTRIBUTES[kind] and name not in _LOCK_ATTRIBUTES:
            raise EvalError(f"input attribute '{name}' not supported by scheme '{kind}'", code="unexpected-argument")
    if kind == "path":
        return _fetch_path_tree(attrs)
    expected = _text(attrs, "narHash") or None
    if kind in _HOSTS:
        host, template = _HOSTS[kind]
        rev = _text(attrs, "rev") or _text(attrs, "ref") or "HEAD"
        url = template.format(
            host=_text(attrs, "host") or host, owner=_text(attrs, "owner"), repo=_text(attrs, "repo"), rev=rev
        )
        result = _fetched_tree(_Download(url, "source", expected), unpack=True)
        return {**result, "rev": rev, "shortRev": rev[:7]} if _REVISION.match(rev) else result
    result = _fetched_tree(_Download(_text(attrs, "url"), "source", expected), unpack=kind == "tarball")
    return {**result, **_revision(attrs)}


def _fetch_git_tree(attrs: Any, *, is_shallow: bool) -> dict[str, Any]:
    request = _read_git(attrs, "fetchTree")
    result = _checkout(request)
    if result["rev"] == _NO_REVISION:
        for name in ("rev", "shortRev", "revCount"):
            del result[name]
    elif (request.rev or request.ref) and (request.shallow if "shallow" in attrs else is_shallow):
        del result["revCount"]
    wanted = expect_int(force(attrs["lastModified"]), "lastModified") if "lastModified" in attrs else None
    if wanted is not None and wanted != result["lastModified"]:
        raise EvalError(
            f"'lastModified' attribute mismatch in '{request.url}', expected {wanted}, got {result['lastModified']}",
            code="hash-mismatch",
        )
    return result


def _revision(attrs: Any) -> dict[str, Any]:
    """What the caller says of a tree's revision is passed on."""
    known: dict[str, Any] = {}
    rev = _text(attrs, "rev")
    if rev:
        known.update(rev=rev, shortRev=rev[:7])
    if "revCount" in attrs:
        known["revCount"] = expect_int(
            force(attrs["revCount"]), "the `revCount` attribute passed to builtins.fetchTree"
        )
    return known


def _changed(seconds: int | None) -> dict[str, Any]:
    return {} if seconds is None else {"lastModified": seconds, "lastModifiedDate": format_date(seconds)}


def _text(attrs: Any, name: str) -> str:
    if name not in attrs:
        return ""
    return expect_plain_string(force(attrs[name]), f"the `{name}` attribute passed to builtins.fetchTree")


def _fetched_tree(download: _Download, *, unpack: bool) -> dict[str, Any]:
    if download.expected is None and getattr(current().settings, "pure", False):
        raise EvalError("in pure evaluation mode, 'fetchTree' will not fetch an unlocked input", code="impure")
    if unpack:
        tree = str.__str__(_fetch_download(download, unpack=True))
        return {**_changed(current().world.newest_change(tree)), **_tree(tree)}
    # Also when the tree is one file, its hash and its store path are those of its archive.
    path = str.__str__(_fetch_download(_Download(download.url, download.name, None), unpack=False))
    return _tree(str.__str__(add_source(path, download.name, expected=download.expected)))


def _fetch_path_tree(attrs: Any) -> dict[str, Any]:
    value = force(attrs["path"]) if "path" in attrs else ""
    path = value.text if type(value) is Path else _text(attrs, "path")
    if not path.startswith("/"):
        raise EvalError(f"path '{from_latin(path)}' is not absolute", code="not-absolute")
    path = canonical_path(path)
    source: ContextStr = add_source(path, "source", expected=_text(attrs, "narHash") or None)
    if "lastModified" in attrs:
        where = "the `lastModified` attribute passed to builtins.fetchTree"
        changed: int | None = expect_int(force(attrs["lastModified"]), where)
    else:
        changed = current().world.newest_change(path)
    return {**_changed(changed), **_tree(str.__str__(source)), **_revision(attrs)}
