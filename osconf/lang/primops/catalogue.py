"""Every builtin: importing this module fills `registry.PRIMOPS` and `registry.CONSTANTS`."""

from __future__ import annotations

from osconf.lang.primops import (  # noqa: F401 - imported for what they register
    attrsets,
    constants,
    contexts,
    control,
    data,
    derivations,
    fetchers,
    hashes,
    imports,
    lists,
    numbers,
    paths,
    sources,
    strings,
    types,
    versions,
)
