"""`derivation` and `derivationStrict`: from attributes to a `.drv` and the strings that refer to it.

The rules are those of chapter "Derivations" of the Nix 2.26 manual. The store is reached through the world; the paths
are computed by `model.derivation`, and the hashes of inputs are remembered per evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from osconf.errors import EvalError, OsconfError, StoreError
from osconf.lang.primops.contexts import split_element
from osconf.lang.primops.expect import (
    coerce_argument,
    expect_attrs,
    expect_bool,
    expect_list,
    expect_plain_string,
    expect_string,
    require_attribute,
)
from osconf.lang.primops.registry import current, primop
from osconf.lang.runtime import UNSET, attr_position, coerce_to_string, force, make_thunk, place_value, select
from osconf.lang.source import Source, Spot
from osconf.lang.values import ContextStr, Thunk, Value, from_latin, with_context
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths, hash_modulo
from osconf.model.hashes import ALGORITHMS, Hash
from osconf.model.store_path import DRV_SUFFIX, check_name

EXPERIMENTAL = {"__contentAddressed": "ca-derivations", "__impure": "impure-derivations"}
EXPERIMENTAL_MODES = {"text": "dynamic-derivations", "git": "git-hashing"}
# Nix writes `derivation` in its own language: these are the places that the attributes it adds have there.
_PLACES = {
    "all": (43, 7),
    "drvAttrs": (44, 15),
    "outPath": (50, 7),
    "drvPath": (51, 7),
    "type": (52, 7),
    "outputName": (53, 15),
}
_BLANK_LINE = " " * 20 + "\n"
_INTERNAL = Source("/derivation-internal.nix", _BLANK_LINE * 54)


def _spot(line: int, column: int) -> Spot:
    return Spot(_INTERNAL, (line - 1) * len(_BLANK_LINE) + column - 1)


_SPOTS = {name: _spot(*place) for name, place in _PLACES.items()}
_OUTPUT_SPOT = _spot(49, 5)
REPLACED_BY_OUTPUT_CHECKS = (
    "allowedReferences",
    "allowedRequisites",
    "disallowedReferences",
    "disallowedRequisites",
    "maxSize",
    "maxClosureSize",
)


@dataclass
class _Recipe:
    """What is gathered from the attributes before the derivation is made."""

    name: str
    env: dict[str, str] = field(default_factory=dict)
    json: dict[str, str] | None = None
    args: list[str] = field(default_factory=list)
    builder: str = ""
    system: str = ""
    outputs: list[str] = field(default_factory=lambda: ["out"])
    output_hash: str | None = None
    output_algorithm: str = ""
    is_recursive: bool = False
    context: set[str] = field(default_factory=set)

    def absorb(self, text: str) -> str:
        """Take over the context of a string; the string itself, plain."""
        if type(text) is ContextStr:
            self.context |= text.context
            return str.__str__(text)
        return text


@primop("derivationStrict", "!")
def derivation_strict(attributes: Value) -> dict[str, str]:
    """`attrs -> { drvPath, out, … }`: write a derivation to the store at once; `derivation` is the lazy form.

    (derivationStrict { name = "x"; system = "s"; builder = "/b"; }).out  =>  "/osconf/store/…-x"
    """
    attrs = expect_attrs(attributes, "the argument passed to builtins.derivationStrict")
    place = "in the attrset passed as argument to builtins.derivationStrict"
    name = expect_plain_string(
        require_attribute(attrs, "name", place), "the `name` attribute passed to builtins.derivationStrict"
    )
    try:
        return _instantiate(_gather(name, attrs))
    except StoreError as error:
        raise EvalError(error.message, code=error.code, hint=error.hint).while_(
            f"while evaluating derivation '{name}'", attr_position(attrs, "name")
        ) from error
    except OsconfError as error:
        error.while_(f"while evaluating derivation '{name}'", attr_position(attrs, "name"))
        raise


def _gather(name: str, attrs: Any) -> _Recipe:
    _check_derivation_name(name)
    recipe = _Recipe(name)
    if "__structuredAttrs" in attrs and expect_bool(
        force(attrs["__structuredAttrs"]), "the `__structuredAttrs` attribute passed to builtins.derivationStrict"
    ):
        recipe.json = {}
    ignores_nulls = "__ignoreNulls" in attrs and expect_bool(
        force(attrs["__ignoreNulls"]), "the `__ignoreNulls` attribute passed to builtins.derivationStrict"
    )
    for key in sorted(attrs):
        if key == "__ignoreNulls":
            continue
        value = attrs[key]
        try:
            if type(value) is list:
                value = value[1] if value[0] is None else value[0](value)
            if ignores_nulls and value is None:
                continue
            _take_attribute(recipe, key, value)
        except OsconfError as error:
            error.while_(f"while evaluating attribute '{key}' of derivation '{name}'", attr_position(attrs, key))
            raise
    if recipe.json is not None:
        from osconf.lang.json import quote_json

        members = [f"{quote_json(key)}:{recipe.json[key]}" for key in sorted(recipe.json)]
        recipe.env["__json"] = f"{{{','.join(members)}}}"
    return recipe


def _take_attribute(recipe: _Recipe, key: str, value: Value) -> None:
    if key in EXPERIMENTAL and expect_bool(value, f"the `{key}` attribute passed to builtins.derivationStrict"):
        raise _experimental(EXPERIMENTAL[key])
    if key == "args":
        for argument in expect_list(value, "the `args` attribute passed to builtins.derivationStrict"):
            text = coerce_argument(force(argument), "an element of the argument list", more=True)
            recipe.args.append(recipe.absorb(text))
        return
    if recipe.json is not None:
        _take_structured(recipe, key, value)
        return
    text = value if type(value) is str else recipe.absorb(coerce_to_string(value, copy_to_store=True, more=True))
    recipe.env[key] = text
    match key:
        case "builder":
            recipe.builder = text
        case "system":
            recipe.system = text
        case "outputHash":
            recipe.output_hash = text
        case "outputHashAlgo":
            recipe.output_algorithm = text
        case "outputHashMode":
            recipe.is_recursive = _is_recursive(text)
        case "outputs":
            recipe.outputs = _check_outputs(text.split())


def _take_structured(recipe: _Recipe, key: str, value: Value) -> None:
    if key == "__structuredAttrs" or recipe.json is None:
        return
    from osconf.lang.json import write_json

    recipe.json[key] = recipe.absorb(write_json(value))
    where = f"the `{key}` attribute passed to builtins.derivationStrict"
    match key:
        case "builder":
            recipe.builder = recipe.absorb(expect_string(value, where))
        case "system":
            recipe.system = expect_plain_string(value, where)
        case "outputHash":
            recipe.output_hash = expect_plain_string(value, where)
        case "outputHashAlgo":
            recipe.output_algorithm = expect_plain_string(value, where)
        case "outputHashMode":
            recipe.is_recursive = _is_recursive(expect_plain_string(value, where))
        case "outputs":
            recipe.outputs = _check_outputs(
                [expect_plain_string(force(output), where) for output in expect_list(value, where)]
            )
        case _ if key in REPLACED_BY_OUTPUT_CHECKS:
            current().world.warn(
                f"In a derivation named '{recipe.name}', 'structuredAttrs' disables the effect of the derivation "
                f"attribute '{key}'; use 'outputChecks.<output>.{key}' instead"
            )


def _experimental(feature: str) -> EvalError:
    return EvalError(
        f"experimental Nix feature '{feature}' is disabled",
        code="experimental-feature",
        hint="osconf has input-addressed and fixed outputs only",
    )


def _is_recursive(mode: str) -> bool:
    if mode in EXPERIMENTAL_MODES:
        raise _experimental(EXPERIMENTAL_MODES[mode])
    if mode not in ("flat", "recursive", "nar"):
        raise EvalError(f"invalid value '{mode}' for 'outputHashMode' attribute", code="invalid-hash-mode")
    return mode != "flat"


def _check_outputs(outputs: list[str]) -> list[str]:
    for index, output in enumerate(outputs):
        if output in outputs[:index]:
            raise EvalError(f"duplicate derivation output '{output}'", code="invalid-outputs")
        if output == "drvPath":
            raise EvalError("invalid derivation output name 'drvPath'", code="invalid-outputs")
    if not outputs:
        raise EvalError("derivation cannot have an empty set of outputs", code="invalid-outputs")
    return outputs


def _check_derivation_name(name: str) -> None:
    try:
        check_name(from_latin(name))
    except StoreError as error:
        raise EvalError(
            f"invalid derivation name: {error.message}. Please pass a different 'name'.",
            code="invalid-derivation-name",
            hint=error.hint,
        ) from None
    if name.endswith(DRV_SUFFIX):
        raise EvalError(
            f"derivation names are allowed to end in '{DRV_SUFFIX}' only if they produce a single derivation file",
            code="invalid-derivation-name",
        )


def _instantiate(recipe: _Recipe) -> dict[str, str]:
    """Make the derivation, write it, and return its strings."""
    evaluator = current()
    world = evaluator.world
    if not recipe.builder:
        raise EvalError("required attribute 'builder' missing", code="missing-attribute")
    if not recipe.system:
        raise EvalError("required attribute 'system' missing", code="missing-attribute")
    if recipe.json is None and "osconfEnvironment" not in recipe.env:
        environment = world.builder_environment(recipe.name, recipe.builder, recipe.context)
        if environment is not None:
            recipe.env["osconfEnvironment"] = recipe.absorb(environment)
    input_derivations, input_sources = _inputs(recipe.context)
    derivation = fill_output_paths(
        Derivation(
            outputs=_outputs(recipe),
            input_derivations=input_derivations,
            input_sources=input_sources,
            system=recipe.system,
            builder=recipe.builder,
            args=tuple(recipe.args),
            env=recipe.env,
        ),
        hash_of_derivation,
        world.store_dir,
        recipe.name,
    )
    path = world.write_derivation(derivation)
    result = {
        name: with_context(output.path, (f"!{name}!{path}",)) for name, output in sorted(derivation.outputs.items())
    }
    result["drvPath"] = with_context(path, (f"={path}",))
    return result


def _outputs(recipe: _Recipe) -> dict[str, DerivationOutput]:
    if recipe.output_hash is None:
        return {name: DerivationOutput("") for name in recipe.outputs}
    if recipe.outputs != ["out"]:
        raise EvalError("multiple outputs are not supported in fixed-output derivations", code="invalid-outputs")
    algorithm = recipe.output_algorithm if recipe.output_algorithm in ALGORITHMS else None
    if recipe.output_hash:
        digest = Hash.parse(recipe.output_hash, algorithm)
    elif algorithm is None:
        raise EvalError("empty hash requires explicit hash algorithm", code="bad-hash")
    else:
        digest = Hash(algorithm, bytes(ALGORITHMS[algorithm]))
        current().world.warn(f"found empty hash, assuming '{digest.sri()}'")
    prefix = "r:" if recipe.is_recursive else ""
    return {"out": DerivationOutput("", prefix + digest.algorithm, digest.base16())}


def _inputs(context: set[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    derivations: dict[str, set[str]] = {}
    sources: set[str] = set()
    for element in context:
        kind, path = split_element(element)
        if kind == "":
            sources.add(path)
        elif kind == "=":
            _add_closure(path, derivations, sources)
        else:
            derivations.setdefault(path, set()).add(kind)
    return {path: tuple(sorted(names)) for path, names in sorted(derivations.items())}, tuple(sorted(sources))


def _add_closure(path: str, derivations: dict[str, set[str]], sources: set[str]) -> None:
    """A whole derivation was referred to: its file and all that this refers to are inputs, with every output built."""
    world = current().world
    pending, seen = [path], {path}
    while pending:
        path = pending.pop()
        sources.add(path)
        if path.endswith(DRV_SUFFIX):
            derivation = world.read_derivation(path)
            derivations.setdefault(path, set()).update(derivation.outputs)
            found = derivation.references()
        else:
            found = frozenset(world.references(path))
        pending += found - seen
        seen |= found


def _hashes() -> dict[str, str]:
    """The evaluator's memory of `hash_modulo` by derivation path."""
    hashes: dict[str, str] = current().derivation_hashes
    return hashes


def hash_of_derivation(path: str) -> str:
    """The hash that stands for the derivation at `path` inside those that depend on it."""
    hashes = _hashes()
    found = hashes.get(path)
    if found is None:
        found = hashes[path] = hash_modulo(current().world.read_derivation(path), hash_of_derivation)
    return found


@primop("derivation", "!")
def derivation(attributes: Value) -> dict[str, Any]:
    """`attrs -> derivation`: describe a build; it is written to the store when outPath or drvPath is asked for.

    (derivation { name = "x"; system = "s"; builder = "/b"; }).outPath  =>  "/osconf/store/…-x"
    """
    attrs = expect_attrs(attributes, "the argument passed to derivation")
    strict: Value = make_thunk(derivation_strict, attrs)
    outputs = attrs.get("outputs", UNSET)
    names = ["out"]
    if outputs is not UNSET:
        names = [
            expect_plain_string(force(output), "an element of the `outputs` attribute of a derivation")
            for output in expect_list(force(outputs), "the `outputs` attribute of a derivation")
        ]
        if not names:
            raise EvalError("derivation cannot have an empty set of outputs", code="invalid-outputs")
    return _output_sets(names, dict(attrs.items()), {"drvAttrs": attrs}, strict)


def _output_sets(names: list[str], base: dict[str, Any], extra: dict[str, Any], strict: Value) -> dict[str, Any]:
    """One set per output, each holding all the others; the first output's is the derivation itself."""
    sets: dict[str, dict[str, Any]] = {}
    for name in names:
        sets.setdefault(name, {})
    shared = {
        **base,
        **{name: place_value(output, _OUTPUT_SPOT) for name, output in sets.items()},
        "all": place_value(tuple([sets[name] for name in names]), _SPOTS["all"]),
        **{name: place_value(value, _SPOTS.get(name)) for name, value in extra.items()},
    }
    drv_path = _delay_member(strict, "drvPath", "drvPath")
    for name, output in sets.items():
        output.update(shared)
        output["outPath"] = _delay_member(strict, name, "outPath")
        output["drvPath"] = drv_path
        output["type"] = place_value("derivation", _SPOTS["type"])
        output["outputName"] = place_value(name, _SPOTS["outputName"])
    return sets[names[0]]


def _delay_member(strict: Value, name: str, attribute: str) -> Thunk:
    cell = make_thunk(_member, strict, name)
    cell[2] = _SPOTS[attribute]
    return cell


def _member(strict: Value, name: str) -> Value:
    return select(force(strict), name)


def import_derivation(path: str) -> dict[str, Any]:
    """`import` of a `.drv`: the derivation's outputs as `derivation` would give them."""
    parsed = current().world.read_derivation(path)
    strict: Value = {name: with_context(output.path, (f"!{name}!{path}",)) for name, output in parsed.outputs.items()}
    strict["drvPath"] = with_context(path, (f"={path}",))
    return _output_sets(sorted(parsed.outputs), {}, {"name": parsed.name}, strict)
