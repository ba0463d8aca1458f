"""The recipe of an environment: read manifests, plan, link, record, choose, generate, describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from osconf.environment.accounts import write_sysusers
from osconf.environment.alternatives import bake_alternatives, choose_alternatives
from osconf.environment.apache import enable_apache_modules
from osconf.environment.apt_guide import guide_apt
from osconf.environment.description import DESCRIPTION, hash_manifests, render_description
from osconf.environment.dpkg_database import write_dpkg_database
from osconf.environment.etc_files import write_etc_files
from osconf.environment.extra import merge_extra_trees
from osconf.environment.farm import Farm, link_farm
from osconf.environment.generators.bytecode import bytecode_trigger, fill_cache, plan_bytecode, take_cached
from osconf.environment.generators.certificates import write_certificates
from osconf.environment.generators.trigger import LDCONFIG, TRIGGERS, run_triggers
from osconf.environment.manifest import Package, read_package
from osconf.environment.php import enable_php_modules
from osconf.environment.plan import plan_tree
from osconf.environment.recorder import record_scripts
from osconf.environment.state import write_tmpfiles
from osconf.environment.workshop import Workshop

# Where environments of these kinds are used, nobody set up /run/wrappers.
_WITHOUT_WRAPPERS = frozenset({"build", "shell"})


@dataclass(frozen=True)
class PackageSource:
    """A package to merge: its name, its store path, and where that lies."""

    name: str
    contents: str
    root: Path


@dataclass(frozen=True)
class EnvironmentRequest:
    """Everything an environment depends on. `store` binds extra trees and their closures into the sandbox.

    `bytecode_cache` is a directory outside the store; it changes how long a build takes, never its output.
    """

    packages: Sequence[PackageSource]
    extra_trees: Sequence[tuple[str, Path]] = ()
    alternatives: Mapping[str, str] = field(default_factory=dict)
    kind: str = "service"
    store: tuple[tuple[Path, str], ...] = ()
    bytecode_cache: Path | None = None


def build_environment(
    request: EnvironmentRequest, out: Path, scratch: Path, log: Callable[[str], None] = lambda line: None
) -> Sequence[str]:
    """Build the environment at `out`; `scratch` must be an empty directory on the same file system.

    Returns the warnings, which also stand in environment.json.
    """
    packages = read_packages(request.packages)
    plan = plan_tree(packages, has_wrappers=request.kind not in _WITHOUT_WRAPPERS)
    merge_extra_trees(plan, request.extra_trees)
    out.mkdir(parents=True, exist_ok=True)
    link_farm(plan, out)
    farm = Farm(plan, out)
    workshop = Workshop(farm, scratch, request.store)
    log(f"linked {len(plan.files)} files of {len(packages)} packages")

    facts = record_scripts(farm, packages, workshop)
    plan.warnings += facts.warnings
    available = [alternative for alternative in facts.alternatives if farm.has(alternative.path.lstrip("/"))]
    alternatives = bake_alternatives(farm, choose_alternatives(available, request.alternatives))

    write_etc_files(farm, facts)
    enable_php_modules(farm)
    enable_apache_modules(farm, facts.apache)
    write_certificates(farm)
    compilations = take_cached(farm, plan_bytecode(farm), request.bytecode_cache)
    triggers = (LDCONFIG, *TRIGGERS, *(bytecode_trigger(compilation) for compilation in compilations))
    plan.warnings += run_triggers(farm, triggers, workshop)
    fill_cache(farm, compilations, request.bytecode_cache)
    guide_apt(farm, always=request.kind == "system")
    write_sysusers(farm, facts, frozenset(package.name for package in packages))
    write_tmpfiles(farm, facts)
    write_dpkg_database(farm, packages)

    extra_trees = [path for path, _ in request.extra_trees]
    description = render_description(
        packages,
        plan,
        kind=request.kind,
        extra_trees=extra_trees,
        manifest_hash=hash_manifests(packages, extra_trees, request.alternatives),
        alternatives=alternatives,
    )
    farm.write(DESCRIPTION, description)
    for warning in plan.warnings:
        log(f"warning: {warning}")
    return plan.warnings


def read_packages(sources: Sequence[PackageSource]) -> list[Package]:
    """Read the manifests, in parallel because each waits for a disk."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda source: read_package(source.name, source.contents, source.root), sources))
