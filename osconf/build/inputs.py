"""What a derivation is given: its sources and the outputs of its input derivations."""

from __future__ import annotations

from osconf.model.derivation import Derivation
from osconf.store.local import LocalStore


def input_paths(store: LocalStore, drv: Derivation) -> list[str]:
    """The store paths that a builder may use directly."""
    paths = list(drv.input_sources)
    for inner, names in drv.input_derivations.items():
        known = store.read_derivation(inner)
        paths.extend(known.output_path(name) for name in names)
    return paths


def reference_candidates(store: LocalStore, drv: Derivation) -> list[str]:
    """What an output may refer to: the closure of the inputs, and the outputs themselves."""
    return [*store.closure(input_paths(store, drv)), *(output.path for output in drv.outputs.values())]
