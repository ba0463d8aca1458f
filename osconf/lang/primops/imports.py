"""`import` and `scopedImport`."""

from __future__ import annotations

from osconf.lang.primops.derivations import import_derivation
from osconf.lang.primops.expect import expect_attrs
from osconf.lang.primops.file_access import realise_path
from osconf.lang.primops.registry import current, primop
from osconf.lang.values import Value


@primop("import", "!")
def import_(path: Value) -> Value:
    """`path | string | derivation -> any`: the value of the expression in a file (or folder/default.nix), read once.

    import ./lib.nix  =>  { … }
    """
    where = realise_path(path)
    if _is_derivation(where):
        return import_derivation(where)
    return current().import_value(where)


@primop("scopedImport", "!!")
def scoped_import(scope: Value, path: Value) -> Value:
    """`attrs -> path -> any`: like `import`, with the attributes of a set in scope as variables.

    scopedImport { x = 1; } ./uses-x.nix  =>  …
    """
    attrs = expect_attrs(scope, "the first argument passed to builtins.scopedImport")
    return current().import_scoped(attrs, realise_path(path))


def _is_derivation(path: str) -> bool:
    world = current().world
    return path.endswith(".drv") and path.startswith(world.store_dir + "/") and world.is_valid(path)
