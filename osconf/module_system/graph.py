"""The modules of an evaluation as a value, `(evalModules …).graph`: who imports whom, and what is disabled."""

from __future__ import annotations

from collections.abc import Sequence

from osconf.lang.values import Value
from osconf.module_system.collect import Module


def module_graph(modules: Sequence[Module], left_out: Sequence[Module]) -> Value:
    """`[ { key, file, imports, disabled } ]` of the modules that nobody imports, with their imports below."""
    imported = {id(child) for module in (*modules, *left_out) for child in module.children}
    disabled = {module.key for module in left_out}

    def node(module: Module, key: str) -> Value:
        key = key if module.key is None else module.key
        return {
            "key": key,
            "file": module.file,
            "disabled": module.key is not None and module.key in disabled,
            "imports": tuple([node(child, f"{key}:anon-{at}") for at, child in enumerate(module.children, 1)]),
        }

    roots = [module for module in (*modules, *left_out) if id(module) not in imported]
    return tuple([node(module, f":anon-{at}") for at, module in enumerate(roots, 1)])
