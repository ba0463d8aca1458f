"""environment.json: what an environment is made of, for activation, `osconf status` and the curious."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from osconf.environment.manifest import Package
from osconf.environment.plan import TreePlan

DESCRIPTION = "environment.json"
# Part of every manifest hash: raise it when the same packages give another tree.
FORMAT_VERSION = 4


def hash_manifests(packages: Iterable[Package], extra_trees: Iterable[str], alternatives: Mapping[str, str]) -> str:
    """A Merkle hash over the packages' manifests: equal hashes mean equal trees. No file content is read."""
    document = [
        FORMAT_VERSION,
        sorted((package.name, package.digest) for package in packages),
        sorted(extra_trees),
        sorted(alternatives.items()),
    ]
    return "sha256:" + hashlib.sha256(json.dumps(document).encode()).hexdigest()


def render_description(
    packages: Iterable[Package],
    plan: TreePlan,
    *,
    kind: str,
    extra_trees: Iterable[str],
    manifest_hash: str,
    alternatives: Mapping[str, str],
) -> str:
    """The text of environment.json."""
    document = {
        "version": 1,
        "kind": kind,
        "manifestHash": manifest_hash,
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "architecture": package.architecture,
                "contents": package.contents,
            }
            for package in sorted(packages, key=lambda package: package.name)
        ],
        "extraTrees": list(extra_trees),
        "wrappers": [
            {
                "name": wrapper.name,
                "path": wrapper.path,
                "source": wrapper.source,
                "owner": wrapper.privilege.owner,
                "group": wrapper.privilege.group,
                "mode": f"{wrapper.privilege.mode:04o}",
                "capabilities": wrapper.privilege.capabilities,
            }
            for _, wrapper in sorted(plan.wrappers.items())
        ],
        "alternatives": dict(sorted(alternatives.items())),
        "overrides": plan.overrides,
        "warnings": plan.warnings,
    }
    return json.dumps(document, indent=1) + "\n"
