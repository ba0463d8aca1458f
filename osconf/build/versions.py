"""The versions of the builtin builders that derivations carry.

A builder's version is part of the hash of everything it makes, so it is raised whenever the same request gives another
output. This module imports nothing: the evaluator reads it at every run.
"""

from __future__ import annotations

BUILDER_VERSIONS = {
    "fetchurl": "1",
    "join": "1",
    "profile": "1",
    "render": "1",
    "system": "1",
    "system-etc": "1",
    "system-units": "1",
    "tree": "1",
    "write": "1",
}
