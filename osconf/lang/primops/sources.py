"""Primops that put files and texts into the store, or name what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osconf.errors import EvalError, StoreError
from osconf.lang.primops.expect import (
    coerce_argument,
    expect_attrs,
    expect_bool,
    expect_function,
    expect_plain_string,
    expect_string,
)
from osconf.lang.primops.file_access import explain, realise_context
from osconf.lang.primops.registry import current, primop
from osconf.lang.runtime import call, canonical_path, force
from osconf.lang.values import ContextStr, Path, Value, context_of, from_latin, with_context
from osconf.model.hashes import ALGORITHMS, Hash, encode_base32, hash_bytes
from osconf.model.store_path import split_store_path


def source_path(value: Value, where: str) -> str:
    """The absolute path an argument names, built if it comes from a derivation."""
    if type(value) is Path:
        return value.text
    text = coerce_argument(value, where, copy_to_store=False)
    if not text.startswith("/"):
        raise EvalError(f"string '{text}' doesn't represent an absolute path", code="not-absolute").while_(
            f"while evaluating {where}"
        )
    if context_of(text):
        realise_context(context_of(text))
    return canonical_path(str.__str__(text))


def add_source(
    path: str, name: str, *, keep: Value = None, recursive: bool = True, expected: str | None = None
) -> ContextStr:
    """Copy a path into the store, what a symlink leads to; its store path, as a string that refers to it."""
    path = current().world.resolve_symlinks(path)
    selects: Callable[[str, str], bool] | None = None
    if keep is not None:
        where = "the return value of the path filter function"
        # A world may ask twice: to compute the store path, and later to copy; the answers must be the same.
        answers: dict[str, bool] = {}

        def selects(relative: str, kind: str) -> bool:
            answer = answers.get(relative)
            if answer is None:
                answer = answers[relative] = expect_bool(
                    call(keep, f"{path}/{relative}" if relative else path, kind), where
                )
            return answer

    try:
        result = current().world.add_path(path, name, recursive=recursive, keep=selects, expected=expected)
    except OSError as error:
        raise explain(error, path, "reading") from error
    except StoreError as error:
        raise EvalError(error.message, code=error.code, hint=error.hint).while_(
            f"while adding path '{from_latin(path)}'"
        ) from error
    text = with_context(result, (result,))
    assert type(text) is ContextStr
    return text


def expected_hash(text: str) -> str:
    """The hash that a source must have. An empty one stands for zeros: the mismatch tells what to write."""
    if text:
        return text
    zeros = Hash("sha256", bytes(ALGORITHMS["sha256"])).sri()
    current().world.warn(f"found empty hash, assuming '{zeros}'")
    return zeros


def base_name(path: str) -> str:
    """The last part of a canonical path."""
    return path.rpartition("/")[2]


@primop("path", "!")
def add_path(argument: Value) -> str:
    """`{ path, name ?, filter ?, recursive ?, sha256 ? } -> string`: copy a file or tree into the store.

    builtins.path { path = ./src; name = "source"; }  =>  "/osconf/store/…-source"
    """
    attrs = expect_attrs(argument, "the argument passed to 'builtins.path'")
    path = name = expected = None
    keep: Any = None
    recursive = True
    for key in sorted(attrs):
        value = force(attrs[key])
        match key:
            case "path":
                path = source_path(value, "the 'path' attribute passed to 'builtins.path'")
            case "name":
                name = expect_plain_string(value, "the `name` attribute passed to builtins.path")
            case "filter":
                keep = expect_function(value, "the `filter` parameter passed to builtins.path")
            case "recursive":
                recursive = expect_bool(value, "the `recursive` attribute passed to builtins.path")
            case "sha256":
                expected = expected_hash(expect_plain_string(value, "the `sha256` attribute passed to builtins.path"))
            case _:
                raise EvalError(f"unsupported argument '{key}' to 'builtins.path'", code="unexpected-argument")
    if path is None:
        raise EvalError(
            "missing required 'path' attribute in the first argument to 'builtins.path'", code="missing-argument"
        )
    return add_source(path, name or base_name(path), keep=keep, recursive=recursive, expected=expected)


@primop("filterSource", "!!")
def filter_source(keep: Value, path: Value) -> str:
    """`(string -> string -> bool) -> path -> string`: copy a tree into the store without what the function refuses.

    builtins.filterSource (path: type: type != "symlink") ./src  =>  "/osconf/store/…-src"
    """
    where = "the second argument (the path to filter) passed to 'builtins.filterSource'"
    source = source_path(path, where)
    expect_function(keep, "the first argument passed to builtins.filterSource")
    return add_source(source, base_name(source), keep=keep)


@primop("toFile", "!!")
def to_file(name: Value, content: Value) -> str:
    """`string -> string -> string`: put a text into the store; it may refer to paths but not to derivations.

    builtins.toFile "motd" "hello"  =>  "/osconf/store/…-motd"
    """
    file_name = expect_plain_string(name, "the first argument passed to builtins.toFile")
    text = expect_string(content, "the second argument passed to builtins.toFile")
    references = context_of(text)
    for element in sorted(references):
        if element[0] in "=!":
            path = element.removeprefix("=").rpartition("!")[2]
            raise EvalError(
                f"files created by builtins.toFile may not reference derivations, but {file_name} references {path}",
                code="derivation-in-text",
                hint="write the file in a derivation instead",
            )
    try:
        path = current().world.add_text(file_name, text.encode("latin-1"), references)
    except StoreError as error:
        raise EvalError(error.message, code=error.code, hint=error.hint) from error
    return with_context(path, (path,))


@primop("storePath", "!")
def store_path(path: Value) -> str:
    """`path | string -> string`: a store path that exists already, as a string that refers to it.

    builtins.storePath "/osconf/store/…-file"  =>  "/osconf/store/…-file"
    """
    evaluator = current()
    if getattr(evaluator.settings, "pure", False):
        raise EvalError("'builtins.storePath' is not allowed in pure evaluation mode", code="impure")
    text = coerce_argument(path, "the first argument passed to 'builtins.storePath'", copy_to_store=False)
    full = canonical_path(str.__str__(text))
    world = evaluator.world
    try:
        if "/" in full[len(world.store_dir) + 1 :] or not full.startswith(world.store_dir + "/"):
            full = world.resolve_symlinks(full)
        top, _ = split_store_path(full, world.store_dir)
    except (StoreError, OSError):
        raise EvalError(f"path '{from_latin(full)}' is not in the Nix store", code="not-a-store-path") from None
    if not world.is_valid(top):
        raise EvalError(f"path '{from_latin(top)}' is not valid", code="invalid-path")
    return with_context(full, {top, *context_of(text)})


@primop("placeholder", "!")
def placeholder(output: Value) -> str:
    """`string -> string`: a stand-in for an output's path, replaced when the derivation is built.

    placeholder "out"  =>  "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"
    """
    if type(output) is not str:
        output = expect_plain_string(output, "the first argument passed to builtins.placeholder")
    return "/" + encode_base32(hash_bytes("sha256", f"nix-output:{output}".encode("latin-1")).digest)
