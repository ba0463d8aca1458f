"""Primops on paths and on the files they name."""

from __future__ import annotations

from osconf.errors import EvalError, Throw
from osconf.lang.primops.expect import (
    coerce_argument,
    expect_attrs,
    expect_list,
    expect_plain_string,
    require_attribute,
)
from osconf.lang.primops.file_access import path_text, read_bytes, read_directory, realise_context, realise_path
from osconf.lang.primops.registry import current, primop
from osconf.lang.runtime import canonical_path, coerce_to_string, force
from osconf.lang.search_path import find_in_search_path, hint_for
from osconf.lang.values import ContextStr, Path, Value, context_of, from_latin, with_context


@primop("baseNameOf", "!")
def base_name_of(path: Value) -> str:
    """`path | string -> string`: the last part of a path.

    baseNameOf "/usr/bin/env"  =>  "env"
    """
    text = coerce_argument(path, "the first argument passed to builtins.baseNameOf", copy_to_store=False)
    end = len(text) - 1 if len(text) > 1 and text.endswith("/") else len(text)
    base = text[text.rfind("/", 0, end) + 1 : end]
    return with_context(base, text.context) if type(text) is ContextStr else base


@primop("dirOf", "!")
def directory_of(path: Value) -> Value:
    """`path | string -> path | string`: everything before the last slash.

    dirOf "/usr/bin/env"  =>  "/usr/bin"
    """
    if type(path) is Path:
        return Path(path.text[: path.text.rfind("/")] or "/")
    # Of a text: what stands before its last part and the slashes around it, as C++'s `parent_path` has it.
    text = coerce_argument(path, "the first argument passed to 'builtins.dirOf'", copy_to_store=False)
    slash = text.rfind("/")
    directory = "." if slash < 0 else str(text) if not text.strip("/") else text[:slash].rstrip("/") or "/"
    return with_context(directory, text.context) if type(text) is ContextStr else directory


@primop("toPath", "!")
def to_path(path: Value) -> str:
    """`string -> string`: the canonical form of an absolute path (kept for old expressions).

    builtins.toPath "/a/../b"  =>  "/b"
    """
    where = "the first argument passed to builtins.toPath"
    text = coerce_argument(path, where, copy_to_store=False)
    if not text.startswith("/"):
        raise EvalError(f"string '{text}' doesn't represent an absolute path", code="not-absolute").while_(
            f"while evaluating {where}"
        )
    return with_context(canonical_path(str.__str__(text)), context_of(text))


@primop("pathExists", "!")
def path_exists(path: Value) -> bool:
    """`path | string -> bool`: whether something is there; a trailing slash asks for a directory.

    builtins.pathExists /etc/passwd  =>  true
    """
    text = path_text(path)
    world = current().world
    canonical = canonical_path(text)
    try:
        if text.endswith(("/", "/.")):
            return world.path_kind(world.resolve_symlinks(canonical)) == "directory"
        return world.path_kind(canonical) is not None
    except OSError:
        return False
    except EvalError as error:
        if error.code != "impure":
            raise
        return False


@primop("readFile", "!")
def read_file(path: Value) -> str:
    """`path | string -> string`: the content of a file.

    builtins.readFile /etc/hostname  =>  "machine\\n"
    """
    where = realise_path(path)
    data = read_bytes(where)
    if b"\0" in data:
        raise EvalError(
            f"the contents of the file '{from_latin(where)}' cannot be represented as a Nix string", code="null-byte"
        )
    text = data.decode("latin-1")
    world = current().world
    if where.startswith(world.store_dir + "/"):
        # Only the references that occur in this file count, not all those of the store path it is in.
        start = len(world.store_dir) + 1
        return with_context(text, {path for path in world.references(where) if path[start : start + 32] in text})
    return text


@primop("readDir", "!")
def read_dir(path: Value) -> dict[str, str]:
    """`path | string -> attrs`: the entries of a directory, each with its kind.

    builtins.readDir ./.  =>  { "default.nix" = "regular"; src = "directory"; }
    """
    entries = read_directory(realise_path(path))
    return {name: entries[name] for name in sorted(entries)}


@primop("readFileType", "!")
def read_file_type(path: Value) -> str:
    """`path | string -> string`: regular, directory, symlink or unknown.

    builtins.readFileType ./.  =>  "directory"
    """
    where = realise_path(path)
    kind = current().world.path_kind(where)
    if kind is None:
        raise EvalError(f"path '{from_latin(where)}' does not exist", code="no-such-path")
    return kind


@primop("getEnv", "!")
def get_environment(name: Value) -> str:
    """`string -> string`: an environment variable; empty when it is not set or the evaluation is pure.

    builtins.getEnv "HOME"  =>  "/root"
    """
    variable = expect_plain_string(name, "the first argument passed to builtins.getEnv")
    evaluator = current()
    return "" if getattr(evaluator.settings, "pure", False) else evaluator.world.env(variable)


@primop("findFile", "!!")
def find_file(search_path: Value, name: Value) -> Path:
    """`[{ prefix, path }] -> string -> path`: look a `<name>` up in a search path.

    builtins.findFile builtins.nixPath "osconf/modules"  =>  /usr/share/osconf/modules
    """
    entries = expect_list(search_path, "the first argument passed to builtins.findFile")
    places = [_read_entry(force(entry)) for entry in entries]
    wanted = expect_plain_string(name, "the second argument passed to builtins.findFile")
    found = find_in_search_path(places, wanted, current().world)
    if found is None:
        raise Throw(
            f"file '{wanted}' was not found in the Nix search path (add it using $NIX_PATH or -I)",
            code="not-in-search-path",
            hint=hint_for(wanted),
        )
    return found


def _read_entry(entry: Value) -> tuple[str, str]:
    attrs = expect_attrs(entry, "an element of the list passed to builtins.findFile")
    prefix = ""
    if "prefix" in attrs:
        prefix = expect_plain_string(force(attrs["prefix"]), "the `prefix` attribute of an element of the list")
    place = coerce_to_string(require_attribute(attrs, "path", "in an element of the __nixPath"))
    if context_of(place):
        realise_context(context_of(place))
    return prefix, str.__str__(place)
