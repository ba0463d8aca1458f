"""Packages' manifests -> the merged tree, as data. No file is read or written here.

Paths are relative to the environment's root (`usr/bin/git`). The rules: files become hard links, packages' own links
are kept verbatim, directories merge, privileged programs move behind /run/wrappers, `var` becomes tmpfiles.d lines.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field

from osconf.environment.knowledge import (
    DIRECTORY_OWNERS,
    DIVERSIONS,
    EXCLUDED,
    PRIVILEGED_PROGRAMS,
    UNPRIVILEGED_PROGRAMS,
    Privilege,
)
from osconf.environment.manifest import Entry, Package
from osconf.errors import BuildError

WRAPPERS = "/run/wrappers/bin"
BOOTED_MODULES = "/run/booted-system/modules"
# Where tmpfiles.d(5) looks for what it copies into /etc and /var.
FACTORY = "usr/share/factory"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A privileged program: `source` is the package's own file in the store, `path` where people find it."""

    name: str
    path: str
    source: str
    privilege: Privilege


@dataclass(frozen=True, slots=True)
class StateEntry:
    """A path outside /usr and /etc that packages expect to exist: a tmpfiles.d line in the making."""

    path: str
    kind: str
    mode: str
    owner: str
    group: str
    target: str = ""


@dataclass
class TreePlan:
    """The merged tree: `files` name the package and the path inside it, `links` hold their target."""

    directories: set[str] = field(default_factory=set)
    files: dict[str, tuple[Package, Entry]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    generated: set[str] = field(default_factory=set)
    wrappers: dict[str, Wrapper] = field(default_factory=dict)
    state: dict[str, StateEntry] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    has_wrappers: bool = True
    overrides: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def has(self, path: str) -> bool:
        return path in self.links or self._is_real(path)

    def _is_real(self, path: str) -> bool:
        return path in self.files or path in self.generated or path in self.directories

    def resolve(self, path: str) -> str | None:
        """Follow links inside the tree; None when the end does not exist in it."""
        for _ in range(40):
            path = self.resolve_parent(path)
            target = self.links.get(path)
            if target is None:
                return path if self._is_real(path) else None
            path = _join_link(path, target)
        return None

    def resolve_parent(self, path: str) -> str:
        """`path` with the links among its parents followed, its last component kept."""
        done = ""
        for component in posixpath.dirname(path).split("/"):
            if not component:
                continue
            done = f"{done}/{component}" if done else component
            hops = 0
            while done in self.links and hops < 40:
                done = _join_link(done, self.links[done])
                hops += 1
        return f"{done}/{posixpath.basename(path)}" if done else posixpath.basename(path)

    def add_directories(self, path: str) -> None:
        """Note every parent of `path` as a directory."""
        parent = posixpath.dirname(path)
        while parent and parent not in self.directories:
            self.directories.add(parent)
            parent = posixpath.dirname(parent)

    def put_link(self, path: str, target: str) -> None:
        """Place a link at `path`, whatever file or link was there."""
        self.drop(path)
        self.links[path] = target
        self.add_directories(path)

    def put_generated(self, path: str) -> None:
        """Note a file that no package ships at `path`, whatever file or link was there."""
        self.drop(path)
        self.generated.add(path)
        self.add_directories(path)

    def drop(self, path: str) -> None:
        """Forget the file or link at `path`."""
        self.files.pop(path, None)
        self.links.pop(path, None)
        self.generated.discard(path)

    def move(self, path: str, destination: str) -> None:
        """Note that the file or link at `path` is at `destination` now."""
        self.add_directories(destination)
        if path in self.files:
            self.files[destination] = self.files.pop(path)
        elif path in self.links:
            self.links[destination] = self.links.pop(path)
        elif path in self.generated:
            self.generated.remove(path)
            self.generated.add(destination)

    def under(self, prefix: str) -> list[str]:
        """Files and links below a directory, sorted."""
        start = prefix.rstrip("/") + "/"
        return sorted(p for group in (self.files, self.links, self.generated) for p in group if p.startswith(start))


def _join_link(path: str, target: str) -> str:
    if target.startswith("/"):
        return posixpath.normpath(target).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def plan_tree(packages: Iterable[Package], *, has_wrappers: bool = True) -> TreePlan:
    """Merge the packages' manifests; the order of `packages` does not matter.

    Where the environment is used without /run/wrappers (`has_wrappers` is false: builds, shells), privileged programs
    stay in place as ordinary ones.

    Raises BuildError `file-clash` when two packages ship different files at one path and nothing says who wins.
    """
    ordered = sorted(packages, key=lambda package: package.name)
    plan = TreePlan()
    _add_links(plan, ordered)
    _add_the_rest(plan, ordered)
    plan.has_wrappers = has_wrappers
    _hide_privileged(plan)
    plan.put_link("usr/lib/modules", BOOTED_MODULES)
    plan.directories.update(("usr", "etc", "usr/bin", "usr/sbin", "usr/lib"))
    return plan


def _add_links(plan: TreePlan, packages: list[Package]) -> None:
    for package in packages:
        for entry in package.entries:
            if entry.kind != "link" or EXCLUDED.match(entry.path):
                continue
            if not _is_merged(entry.path):
                _add_state(plan, package, entry)
                continue
            known = plan.links.get(entry.path)
            differs = known is not None and known != entry.target
            if differs and not _takes_over(plan, package, plan.owners[entry.path], entry.path, packages):
                continue
            plan.links[entry.path] = entry.target
            plan.owners[entry.path] = package.name


def _add_the_rest(plan: TreePlan, packages: list[Package]) -> None:
    directories_of_links = {path for path in plan.links}
    aliases: dict[str, str] = {}

    def place(path: str) -> str:
        """Where an entry really lands when one of its parents is another package's link to a directory."""
        parent = posixpath.dirname(path)
        known = aliases.get(parent)
        if known is None:
            known = (
                posixpath.dirname(plan.resolve_parent(path)) if _has_link_above(path, directories_of_links) else parent
            )
            aliases[parent] = known
        return f"{known}/{posixpath.basename(path)}" if known else path

    for package in packages:
        for entry in package.entries:
            if entry.kind == "link" or EXCLUDED.match(entry.path):
                continue
            if not _is_merged(entry.path):
                _add_state(plan, package, entry)
                continue
            path = place(entry.path)
            if entry.kind == "dir":
                if path not in plan.links:
                    plan.directories.add(path)
                    plan.add_directories(path)
                continue
            _add_file(plan, package, entry, path, packages)
    for path in list(plan.links):
        if plan.links[path] and path in plan.directories:
            del plan.links[path]
            plan.warnings.append(
                f"{path} is a directory in one package and a link in {plan.owners.get(path, 'another')}"
            )
        plan.add_directories(path)


def _has_link_above(path: str, links: set[str]) -> bool:
    parent = posixpath.dirname(path)
    while parent:
        if parent in links:
            return True
        parent = posixpath.dirname(parent)
    return False


def _add_file(plan: TreePlan, package: Package, entry: Entry, path: str, packages: list[Package]) -> None:
    if path in plan.links:
        if not _takes_over(plan, package, plan.owners[path], path, packages):
            return
        del plan.links[path]
    elif path in plan.files:
        _, other = plan.files[path]
        if other.digest == entry.digest and other.mode == entry.mode:
            return
        if not _takes_over(plan, package, plan.owners[path], path, packages):
            return
    plan.files[path] = (package, entry)
    plan.owners[path] = package.name
    plan.add_directories(path)


def _takes_over(plan: TreePlan, package: Package, owner_name: str, path: str, packages: list[Package]) -> bool:
    """Whether `package`'s entry replaces the one of `owner_name` at `path`; raises when nothing decides."""
    owner = next(candidate for candidate in packages if candidate.name == owner_name)
    winner = DIVERSIONS.get(path)
    if winner in {package.name, owner.name}:
        return winner == package.name
    if owner.name in package.replaces and package.name not in owner.replaces:
        return True
    if package.name in owner.replaces and package.name not in package.replaces:
        return False
    for candidate in (package, owner):
        preinst = candidate.read_control_file("preinst")
        if "dpkg-divert" in preinst and posixpath.basename(path) in preinst:
            plan.overrides.append(f"{path}: {candidate.name} diverts the file of its rival")
            return candidate is package
    raise BuildError(
        f"the packages {owner.name} and {package.name} both ship /{path}, with different contents",
        code="file-clash",
        hint=f"leave one of them out, or give the service that needs it an environment of its own "
        f"(`systemd.services.<name>.path = [ pkgs.{package.name} ]`)",
    )


def _is_merged(path: str) -> bool:
    return path.startswith(("usr/", "etc/")) or path in {"usr", "etc"}


def _add_state(plan: TreePlan, package: Package, entry: Entry) -> None:
    """`var` and other top-level directories: what must exist on a machine but is nobody's constant."""
    if "/" not in entry.path or entry.path in plan.state:
        return
    if entry.path.startswith("var/run/") or entry.path.startswith("var/lib/dpkg/"):
        return
    mode, owner, group = DIRECTORY_OWNERS.get(
        entry.path, (f"{entry.mode & 0o7777:04o}", entry.owner or "root", entry.group or "root")
    )
    plan.state[entry.path] = StateEntry(entry.path, entry.kind, mode, owner, group, entry.target)
    if entry.kind == "file":
        kept = f"{FACTORY}/{entry.path}"
        plan.files[kept] = (package, entry)
        plan.owners[kept] = package.name
        plan.add_directories(kept)


def _hide_privileged(plan: TreePlan) -> None:
    """Replace setuid and setgid programs by links to /run/wrappers: the store holds no privileges."""
    for path in sorted(plan.files):
        _, entry = plan.files[path]
        known = PRIVILEGED_PROGRAMS.get(path)
        if path in UNPRIVILEGED_PROGRAMS or (known is None and not entry.is_privileged):
            continue
        if not path.startswith("usr/"):
            continue
        hide_program(plan, path, known or Privilege(entry.mode & 0o7777, entry.owner, entry.group))


def hide_program(plan: TreePlan, path: str, privilege: Privilege) -> None:
    """Note the program at `path` as a wrapper with `privilege`, and put a link to /run/wrappers in its place."""
    package, entry = plan.files[path]
    name = posixpath.basename(path)
    if name in plan.wrappers:
        name = path.removeprefix("usr/").replace("/", "-")
    plan.wrappers[name] = Wrapper(name, f"/{path}", f"{package.contents}/{entry.path}", privilege)
    if plan.has_wrappers:
        del plan.files[path]
        plan.links[path] = f"{WRAPPERS}/{name}"
