"""The archive as the language sees it: primops behind `import <osconf/primops>`.

`archivePackages` is the lazy package set, `resolveClosure` the resolver, `contextPackages` finds the packages that a
value refers to. What they read is pinned by the lock file of the `ArchiveContext`.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from osconf.archive.acquire import Access
from osconf.archive.archive import Archive, LockFile
from osconf.archive.deb import UNPACKER_VERSION
from osconf.archive.lock import Lock
from osconf.archive.package import Package
from osconf.archive.resolver import Root
from osconf.archive.source import Source
from osconf.archive.version import compare_versions
from osconf.build.versions import BUILDER_VERSIONS
from osconf.environment.description import FORMAT_VERSION
from osconf.errors import EvalError
from osconf.lang.primops.registry import current, make_primop
from osconf.lang.runtime import call as call_function
from osconf.lang.runtime import expect_attrs, expect_list, expect_string, force, is_attrs, make_thunk
from osconf.lang.values import LazyAttrs, Value, context_of, from_latin, to_latin

_OTHER_ABI = re.compile(r"lib(32|64|x32|n32)")
_SEPARATORS = str.maketrans("", "", "-_.")


class Referred(NamedTuple):
    """A package that a value refers to; `sha256` of its .deb tells which version, "" when it was only named."""

    name: str
    sha256: str = ""


@dataclass
class ArchiveContext:
    """The archives of one evaluation: how to reach them, the lock that pins them, those that are open."""

    access: Access
    lock_file: LockFile
    archives: dict[str, Archive] = field(default_factory=dict)
    package_sets: dict[str, LazyAttrs] = field(default_factory=dict)
    """The sets that `archivePackages` gave, under the group of their archive."""
    packages_behind: dict[str, frozenset[Referred]] = field(default_factory=dict)
    """Derivation path → the packages it stands for, memoised: a derivation never changes."""

    def open_archive(self, sources: list[dict[str, Any]]) -> Archive:
        """The archive of the given sources, opened once."""
        key = json.dumps(sources, sort_keys=True)
        archive = self.archives.get(key)
        if archive is None:
            parsed = [Source.from_json(item) for item in sources]
            archive = self.archives[key] = Archive(self.access, parsed, self.lock_file)
        return archive

    def save(self) -> None:
        """Write what the evaluation added to the lock."""
        self.lock_file.save()


def to_python(value: Value) -> Any:
    """A value of sets, lists, strings, numbers as ordinary Python data (text decoded, contexts dropped)."""
    value = force(value)
    if isinstance(value, str):
        return from_latin(value)
    if isinstance(value, tuple):
        return [to_python(item) for item in value]
    if is_attrs(value):
        return {from_latin(name): to_python(item) for name, item in value.items()}
    return value


def _member(attrs: Value, name: str) -> Value:
    attrs = expect_attrs(attrs)
    if name not in attrs:
        raise EvalError(f"the archive primop needs the attribute ‘{name}’", code="missing-attribute")
    return force(attrs[name])


def _archive_of(context: ArchiveContext, arguments: Value) -> Archive:
    return context.open_archive(to_python(_member(arguments, "sources")))


def _strings(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(to_latin(name) for name in names)


def _dependency_names(archive: Archive, package: Package) -> list[str]:
    """The preferred satisfier of each dependency."""
    universe = archive.universe
    names: list[str] = []
    for group in universe.dependencies(package):
        names.extend(universe.group_satisfiers(group)[:1])
    return list(dict.fromkeys(names))


def _siblings(archive: Archive, package: Package) -> list[str]:
    """Dependencies (direct and further) that the same source package built: python3's python3.13-minimal."""
    found: dict[str, None] = {}
    pending = [package]
    while pending:
        for name in _dependency_names(archive, pending.pop()):
            other = archive.find(name)
            if other is None or name in found or name == package.name:
                continue
            # `python3` is made by python3-defaults, its interpreter by python3.13: the stem of the name tells.
            if other.source_name == package.source_name or _is_versioned_form(package.name, name):
                found[name] = None
                pending.append(other)
    return sorted(found)


def _development_packages(archive: Archive, package: Package) -> list[str]:
    """The packages with a library's headers: those of its source package that depend on it, else all of them."""
    if package.name.endswith("-dev"):
        return []
    built = archive.universe.find_built_from(package.source_name)
    candidates = [name for name in built if name.endswith("-dev") and not _OTHER_ABI.match(name)]
    found = [(name, archive.find(name)) for name in candidates]
    direct = [name for name, other in found if other and package.name in _dependency_names(archive, other)]
    return direct or candidates


def _is_versioned_form(name: str, other: str) -> bool:
    """Whether `other` is `name` at a version, or a part of it: python3 → python3.13-minimal, gcc → gcc-14."""
    stem = name.removesuffix("-minimal")
    rest = other.removeprefix(stem)
    return rest != other and rest[:1] in (".", "-") and rest[1:2].isdigit()


def _describe_package(archive: Archive, package: Package) -> dict[str, Value]:
    """The metadata of a package as the language sees it."""
    source = archive.source_of(package)
    texts = {
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "source": package.source_name,
        "filename": package.filename,
        "sha256": package.sha256,
        "section": package.section,
        "priority": package.priority,
        "description": package.description,
        "homepage": package.homepage,
        "origin": package.origin,
        "base": source.base,
        "suite": source.suite,
    }
    values: dict[str, Value] = {name: to_latin(text) for name, text in texts.items()}
    values["size"] = package.size
    values["installedSize"] = package.installed_size * 1024
    values["essential"] = package.essential
    values["depends"] = make_thunk(lambda: _strings(_dependency_names(archive, package)))
    values["siblings"] = make_thunk(lambda: _strings(_siblings(archive, package)))
    values["developmentPackages"] = make_thunk(lambda: _strings(_development_packages(archive, package)))
    values["builtFromSource"] = make_thunk(lambda: _strings(archive.universe.find_built_from(package.source_name)))
    return values


def _archive_packages(context: ArchiveContext, arguments: Value) -> LazyAttrs:
    """`{ sources; build; } -> set`: every package of the sources as `build name metadata`, made when asked for."""
    build = _member(arguments, "build")
    open_archive = functools.cache(lambda: _archive_of(context, arguments))

    def lookup(name: str) -> Value:
        archive = open_archive()
        package = archive.find(from_latin(name))
        if package is None:
            raise KeyError(name)
        context.package_sets.setdefault(archive.group, packages)
        return make_thunk(lambda: call_function(build, name, _describe_package(archive, package)))

    packages = LazyAttrs(
        lambda: _strings(open_archive().universe.names()),
        lookup,
        lambda name: list(_strings(open_archive().universe.near_names(from_latin(name)))),
    )
    return packages


def _pattern_packages(_context: ArchiveContext, arguments: Value) -> LazyAttrs:
    """`{ packages; prefix; suffix ? ""; stripped ? [ ]; } -> set`: packages by what their names have in the middle.

    `python3Packages.PyYAML` is python3-yaml: names are compared in lower case and without `-`, `_` and `.`, then
    without the `stripped` beginnings.
    """
    packages = expect_attrs(_member(arguments, "packages"))
    prefix = expect_string(_member(arguments, "prefix"))
    options = expect_attrs(arguments)
    suffix = expect_string(force(options["suffix"])) if "suffix" in options else ""
    stripped = [expect_string(force(item)) for item in expect_list(force(options.get("stripped", ())))]
    squashed: dict[str, str] = {}

    def middle_of(name: str) -> str:
        return name[len(prefix) : len(name) - len(suffix)]

    def fitting_names() -> list[str]:
        return [name for name in packages if name.startswith(prefix) and name.endswith(suffix)]

    def lookup(name: str) -> Value:
        plain = name.lower().replace("_", "-")
        forms = [plain, *(plain.removeprefix(start) for start in stripped if plain.startswith(start))]
        for form in forms:
            if form and f"{prefix}{form}{suffix}" in packages:
                return packages[f"{prefix}{form}{suffix}"]
        if not squashed:
            squashed.update((_squash(middle_of(found)), found) for found in reversed(fitting_names()))
        for form in forms:
            if (found := squashed.get(_squash(form))) is not None:
                return packages[found]
        raise KeyError(name)

    def near(name: str) -> list[str]:
        middles = [middle_of(found) for found in fitting_names()]
        return difflib.get_close_matches(name.lower(), middles, 3, 0.7)

    return LazyAttrs(lambda: [middle_of(name) for name in fitting_names()], lookup, near)


def _squash(name: str) -> str:
    return name.lower().translate(_SEPARATORS)


def _resolve_closure(context: ArchiveContext, arguments: Value) -> tuple[str, ...]:
    """`{ sources; roots = [ { name; reason; } ]; essential ? true; } -> [ name ]`: the closure, sorted."""
    archive = _archive_of(context, arguments)
    roots = [
        Root(item["name"], item.get("reason", "")) if isinstance(item, dict) else Root(str(item))
        for item in to_python(_member(arguments, "roots"))
    ]
    arguments = expect_attrs(arguments)
    essential = bool(force(arguments["essential"])) if "essential" in arguments else True
    return _strings(archive.resolve(roots, essential=essential).names)


def _near_names(context: ArchiveContext, arguments: Value) -> tuple[str, ...]:
    """`{ sources; name; } -> [ name ]`: packages that a mistyped name may have meant."""
    name = from_latin(expect_string(_member(arguments, "name")))
    return _strings(_archive_of(context, arguments).universe.near_names(name))


def _resolve_environment(context: ArchiveContext, arguments: Value) -> tuple[Value, ...]:
    """`{ sources; packages; roots; context; reason; essential ? true; } -> [ package ]`: the closure, by name.

    `roots` are package values or `{ name; reason; }`; every package that `context` refers to joins. A package of
    another suite brings what this one has too old.
    """
    archive = _archive_of(context, arguments)
    members = expect_attrs(arguments)
    reason = from_latin(expect_string(_member(arguments, "reason")))
    roots: list[Root] = []
    foreign: list[tuple[Root, Archive]] = []

    def add(referred: Referred, why: str) -> None:
        home = _home_of(context, archive, referred)
        if home is archive:
            roots.append(Root(referred.name, why))
        else:
            foreign.append((Root(referred.name, why), home))

    for item in expect_list(_member(arguments, "roots")):
        item = expect_attrs(force(item))
        name = from_latin(expect_string(_member(item, "name")))
        add(Referred(name, to_python(item.get("sha256", ""))), to_python(item.get("reason", "")))
    for referred in sorted(_referred_packages(context, force(members.get("context")))):
        add(referred, f"referred to by {reason}")
    essential = bool(force(members["essential"])) if "essential" in members else True
    own = expect_attrs(_member(arguments, "packages"))
    return tuple(
        force((own if home is archive else context.package_sets[home.group])[to_latin(name)])
        for name, home in archive.resolve_with(roots, foreign, essential=essential)
    )


def _home_of(context: ArchiveContext, archive: Archive, referred: Referred) -> Archive:
    """The archive that a package comes from: this one, unless only another has that very .deb."""
    package = archive.find(referred.name)
    if not referred.sha256 or (package is not None and package.sha256 == referred.sha256):
        return archive
    for other in context.archives.values():
        package = other.find(referred.name)
        if package is not None and package.sha256 == referred.sha256 and other.group in context.package_sets:
            return other
    return archive


def _context_packages(context: ArchiveContext, value: Value) -> tuple[str, ...]:
    """`any -> [ name ]`: the archive packages that a value's strings refer to, also through written and rendered files.

    Compilers of what was built are not followed.
    """
    return _strings(sorted({referred.name for referred in _referred_packages(context, value)}))


def _referred_packages(context: ArchiveContext, value: Value) -> set[Referred]:
    found: set[Referred] = set()
    elements: set[str] = set()
    _collect_references(value, found, elements)
    for element in elements:
        derivation = _derivation_of(element)
        if derivation is not None:
            found |= _packages_behind(context, derivation)
    return found


def _collect_references(value: Value, found: set[Referred], elements: set[str]) -> None:
    """Walk a value: context elements of its strings, names of its package values."""
    pending = [value]
    seen: set[int] = set()
    while pending:
        item = force(pending.pop())
        if isinstance(item, str):
            elements |= context_of(item)
        elif isinstance(item, tuple):
            pending.extend(item)
        elif is_attrs(item) and id(item) not in seen and not isinstance(item, LazyAttrs):
            seen.add(id(item))
            if "archivePackage" in item:
                found.add(Referred(to_python(item["archivePackage"]), to_python(item.get("sha256", ""))))
            elif "outPath" in item:
                if "archiveDependencies" in item:
                    found.update(Referred(name) for name in to_python(item["archiveDependencies"]))
                pending.append(item["outPath"])
            elif "__toString" in item:
                pending.append(call_function(force(item["__toString"]), item))
            else:
                pending.extend(item.values())


def _derivation_of(element: str) -> str | None:
    """The derivation of a context element: `!out!x.drv` or `=x.drv`; None for a plain path."""
    if element.startswith("!"):
        return element.split("!", 2)[2]
    return element[1:] if element.startswith("=") else None


def _packages_behind(context: ArchiveContext, path: str) -> frozenset[Referred]:
    """The packages a derivation stands for: its own when it is a package's view, its inputs' when it is transparent."""
    known = context.packages_behind.get(path)
    if known is None:
        environment = current().world.read_derivation(path).env
        found: set[Referred] = set()
        if "archivePackage" in environment:
            found.add(Referred(from_latin(environment["archivePackage"]), environment.get("archiveSha256", "")))
        found.update(Referred(name) for name in from_latin(environment.get("archiveDependencies", "")).split())
        if environment.get("osconfTransparent") == "1":
            for dependency in current().world.read_derivation(path).input_derivations:
                found |= _packages_behind(context, dependency)
        known = context.packages_behind[path] = frozenset(found)
    return known


def _archive_state(context: ArchiveContext, arguments: Value) -> dict[str, Value]:
    """`{ sources; } -> { lock; files; }`: the state of the archive that the lock pins, to take along.

    `lock` is the text of a lock with the sources and what is held, `files` are the indexes: `{ sha256; file; }`.
    """
    archive = _archive_of(context, arguments)
    locked = [context.lock_file.locked_source(context.access, source) for source in archive.sources.values()]
    digests = sorted(
        {digest for item in locked for digest in (item.in_release_sha256, *(i.sha256 for i in item.indexes)) if digest}
    )
    held = {name: item for name, item in context.lock_file.lock.packages.get(archive.group, {}).items() if item.held}
    lock = Lock({item.source.id: item for item in locked}, {archive.group: held} if held else {})
    found = [(digest, context.access.cache.find(digest)) for digest in digests]
    return {
        "lock": to_latin(json.dumps(lock.to_json(), indent=2, ensure_ascii=False) + "\n"),
        "files": tuple({"sha256": digest, "file": to_latin(str(file))} for digest, file in found if file is not None),
    }


def _version_order(_context: ArchiveContext, left: Value, right: Value) -> int:
    """`string -> string -> int`: compare two Debian versions: -1, 0 or 1."""
    return compare_versions(from_latin(expect_string(left)), from_latin(expect_string(right)))


def _mangle_name(_context: ArchiveContext, name: Value) -> str:
    """`string -> string`: a name fit for a store path; different names stay different."""
    return mangle_store_name(expect_string(name))


def mangle_store_name(name: str) -> str:
    """Escape the characters that a store name cannot hold as `=` and two hexadecimal digits (Debian uses no `=`)."""
    text = "".join(
        character
        if character.isascii() and (character.isalnum() or character in "+-._?")
        else "".join(f"={byte:02x}" for byte in character.encode())
        for character in name
    )
    return f"={ord('.'):02x}{text[1:]}" if text.startswith(".") else text


_ARCHIVE_PRIMOPS: dict[str, tuple[str, Callable[..., Value]]] = {
    "archivePackages": ("!", _archive_packages),
    "patternPackages": ("!", _pattern_packages),
    "resolveClosure": ("!", _resolve_closure),
    "resolveEnvironment": ("!", _resolve_environment),
    "nearNames": ("!", _near_names),
    "archiveState": ("!", _archive_state),
    "contextPackages": ("-", _context_packages),
    "compareDebianVersions": ("!!", _version_order),
    "mangleStoreName": ("!", _mangle_name),
}


def make_internal_primops(context: ArchiveContext) -> Mapping[str, Value]:
    """What `import <osconf/primops>` holds of the archive, bound to one context."""
    members: dict[str, Value] = {
        "debFormat": UNPACKER_VERSION,
        "environmentFormat": FORMAT_VERSION,
        "builderVersions": dict(BUILDER_VERSIONS),
    }
    for name, (marks, function) in _ARCHIVE_PRIMOPS.items():
        members[name] = make_primop(name, marks, _bind(function, context)).function
    return members


def _bind(function: Callable[..., Value], context: ArchiveContext) -> Callable[..., Value]:
    bound = functools.partial(function, context)
    bound.__doc__ = function.__doc__
    return bound
