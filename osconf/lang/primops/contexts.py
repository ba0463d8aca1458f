"""Primops on string contexts: what a string refers to in the store.

The encoding of an element is described at `values.ContextStr`.
"""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError
from osconf.lang.primops.expect import coerce_argument, expect_attrs, expect_bool, expect_list, expect_plain_string
from osconf.lang.primops.expect import expect_string as expect_text
from osconf.lang.primops.registry import current, primop
from osconf.lang.runtime import force
from osconf.lang.values import Value, context_of, with_context
from osconf.model.store_path import is_store_path

DRV_SUFFIX = ".drv"


def split_element(element: str) -> tuple[str, str]:
    """(kind, path): the output's name, `=` for a whole derivation, empty for a plain path."""
    if element.startswith("="):
        return "=", element[1:]
    if element.startswith("!"):
        _, output, path = element.split("!", 2)
        return output, path
    return "", element


@primop("hasContext", "!")
def has_context(text: Value) -> bool:
    """`string -> bool`: whether a string refers to something in the store.

    builtins.hasContext "plain"  =>  false
    """
    return bool(context_of(expect_text(text, "the argument passed to builtins.hasContext")))


@primop("getContext", "!")
def get_context(text: Value) -> dict[str, Any]:
    """`string -> attrs`: store path -> which of path, allOutputs and outputs the string refers to.

    builtins.getContext "${pkg}"  =>  { "/osconf/store/…-pkg.drv" = { outputs = [ "out" ]; }; }
    """
    gathered: dict[str, dict[str, Any]] = {}
    for element in sorted(context_of(expect_text(text, "the argument passed to builtins.getContext"))):
        kind, path = split_element(element)
        entry = gathered.setdefault(path, {})
        if kind == "":
            entry["path"] = True
        elif kind == "=":
            entry["allOutputs"] = True
        else:
            entry["outputs"] = (*entry.get("outputs", ()), kind)
    return {path: {name: entry[name] for name in sorted(entry)} for path, entry in gathered.items()}


@primop("appendContext", "!!")
def append_context(text: Value, addition: Value) -> str:
    """`string -> attrs -> string`: the string with more context, in the form that `getContext` gives.

    builtins.appendContext "x" { "/osconf/store/…-file" = { path = true; }; }  =>  "x"
    """
    plain = expect_text(text, "the first argument passed to builtins.appendContext")
    attrs = expect_attrs(addition, "the second argument passed to builtins.appendContext")
    context = set(context_of(plain))
    store_dir = current().world.store_dir
    for path in sorted(attrs):
        if not is_store_path(path, store_dir):
            raise EvalError(f"context key '\"{path}\"' is not a store path", code="not-a-store-path")
        entry = expect_attrs(force(attrs[path]), "the context value passed to builtins.appendContext")
        if "path" in entry and expect_bool(force(entry["path"]), "the `path` attribute of a string context"):
            context.add(path)
        if "allOutputs" in entry and expect_bool(
            force(entry["allOutputs"]), "the `allOutputs` attribute of a string context"
        ):
            _require_derivation(path, "all-outputs")
            context.add(f"={path}")
        if "outputs" in entry:
            outputs = expect_list(force(entry["outputs"]), "the `outputs` attribute of a string context")
            if outputs:
                _require_derivation(path, "derivation output")
            for output in outputs:
                name = expect_plain_string(force(output), "an output name within a string context")
                context.add(f"!{name}!{path}")
    return with_context(str.__str__(plain), context)


def _require_derivation(path: str, what: str) -> None:
    if not path.endswith(DRV_SUFFIX):
        raise EvalError(
            f'tried to add {what} context of "{path}", which is not a derivation, to a string', code="not-a-derivation"
        )


@primop("unsafeDiscardStringContext", "!")
def discard_context(text: Value) -> str:
    """`string -> string`: the string without its context: what it refers to is forgotten.

    builtins.unsafeDiscardStringContext "${./file}"  =>  "/osconf/store/…-file"
    """
    return str.__str__(coerce_argument(text, "the argument passed to builtins.unsafeDiscardStringContext"))


@primop("unsafeDiscardOutputDependency", "!")
def discard_output_dependency(text: Value) -> str:
    """`string -> string`: turn references to whole derivations into references to their `.drv` files.

    builtins.unsafeDiscardOutputDependency pkg.drvPath  =>  "/osconf/store/…-pkg.drv"
    """
    plain = coerce_argument(text, "the argument passed to builtins.unsafeDiscardOutputDependency")
    return with_context(str.__str__(plain), {element.removeprefix("=") for element in context_of(plain)})


@primop("addDrvOutputDependencies", "!")
def add_output_dependencies(text: Value) -> str:
    """`string -> string`: turn a reference to a `.drv` file into one to the derivation with all it needs.

    builtins.addDrvOutputDependencies (builtins.unsafeDiscardOutputDependency pkg.drvPath)  =>  pkg.drvPath
    """
    plain = coerce_argument(text, "the argument passed to builtins.addDrvOutputDependencies")
    context = context_of(plain)
    if len(context) != 1:
        raise EvalError(
            f"context of string '{plain}' must have exactly one element, but has {len(context)}", code="wrong-context"
        )
    (element,) = context
    kind, path = split_element(element)
    if kind == "":
        if not path.endswith(DRV_SUFFIX):
            raise EvalError(f"path '{path}' is not a derivation", code="not-a-derivation")
        element = f"={path}"
    elif kind != "=":
        raise EvalError(
            f"`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{kind}'",
            code="wrong-context",
        )
    return with_context(str.__str__(plain), {element})
