"""From files that a builder left to store paths: canonical form, hashes, references, checks, final names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from osconf.errors import BuildError
from osconf.model import nar
from osconf.model.derivation import Derivation, DerivationOutput
from osconf.model.hashes import hash_file
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import is_store_path
from osconf.store.canonical import canonicalise, move_into_place, remove_tree, sync_filesystem
from osconf.store.gc import empty_trash, move_to_trash
from osconf.store.local import LocalStore
from osconf.store.scan import ReferenceScanner, scan_tree


@dataclass(frozen=True)
class FinishedOutput:
    """An output at its temporary place, canonical, with what will be registered."""

    name: str
    place: Path
    info: PathInfo


def finish_outputs(
    store: LocalStore,
    drv_path: str,
    drv: Derivation,
    places: Mapping[str, Path],
    references: Mapping[str, frozenset[str]] | None,
    candidates: Iterable[str],
) -> list[FinishedOutput]:
    """Make the outputs canonical and find their hashes and references; raises `BuildError` on what must not be.

    `references` are those that a builtin builder declares; else the candidates are scanned for.
    """
    finished = []
    for name, output in sorted(drv.outputs.items()):
        place = places[name]
        if not os.path.lexists(place):
            raise BuildError(
                f"the builder of '{drv.name}' made no output '{name}'",
                drv=drv_path,
                code="output-missing",
                hint=f"it must create ${name} ('{output.path}')",
            )
        try:
            canonicalise(place)
        except nar.UnsupportedFile as error:
            raise BuildError(f"the builder of '{drv.name}' made what cannot be kept: {error}", drv=drv_path) from error
        content_address = None
        if output.is_fixed:
            content_address = _check_fixed_hash(drv_path, drv, output, place)
        if references is None:
            sought = () if _discards_references(drv, name) else candidates
            nar_hash, nar_size, found = scan_tree(place, ReferenceScanner(sought))
        else:
            nar_hash, nar_size = nar.hash_path(place)
            found = references.get(name, frozenset())
        if output.is_fixed and found:
            raise BuildError(
                f"the fixed output '{drv.name}' refers to '{min(found)}'",
                drv=drv_path,
                code="fixed-output-references",
                hint="content with a known hash must not mention store paths",
            )
        info = PathInfo(
            output.path, nar_hash, nar_size, found, drv_path, ultimate=True, content_address=content_address
        )
        finished.append(FinishedOutput(name, place, info))
    return finished


def _discards_references(drv: Derivation, output_name: str) -> bool:
    """Whether what the output mentions is no reference: images and archives stand for themselves."""
    wanted = drv.structured.get("unsafeDiscardReferences") if drv.structured is not None else None
    return isinstance(wanted, dict) and wanted.get(output_name) is True


def _check_fixed_hash(drv_path: str, drv: Derivation, output: DerivationOutput, place: Path) -> str:
    expected = output.content_hash()
    if output.is_recursive:
        got = nar.hash_path(place, expected.algorithm)[0]
    else:
        if place.is_symlink() or not place.is_file() or place.stat().st_mode & 0o100:
            raise BuildError(
                f"the fixed output '{drv.name}' should be a plain file that is not executable",
                drv=drv_path,
                code="output-not-flat",
                hint='set outputHashMode = "recursive"',
            )
        got = hash_file(expected.algorithm, place)
    if got != expected:
        raise BuildError(
            f"hash mismatch in the fixed output '{drv.name}':\n  specified: {expected.sri()}\n  got:       {got.sri()}",
            drv=drv_path,
            code="hash-mismatch",
            hint="if the new content is right, write the hash that was got",
        )
    return fixed_content_address(expected, output.is_recursive)


def install_outputs(store: LocalStore, finished: Iterable[FinishedOutput]) -> list[PathInfo]:
    """Give outputs their final names; those that are valid already stay as they are."""
    installed = []
    for output in finished:
        real = store.real_path(output.info.path)
        if store.is_valid(output.info.path):
            remove_tree(output.place)
            continue
        if os.path.lexists(real):
            remove_tree(real)
        move_into_place(output.place, real)
        installed.append(output.info)
    return installed


def replace_outputs(store: LocalStore, finished: Iterable[FinishedOutput]) -> None:
    """Put newly built content in the place of what is damaged, and register its hash.

    Valid paths change here, so the new content is on the disk before; what is as it should be stays.
    """
    infos = []
    if store.durable:
        sync_filesystem(store.layout.store)
    for output in finished:
        real = store.real_path(output.info.path)
        infos.append(output.info)
        if os.path.lexists(real):
            if _has_content(real, output.info):
                continue
            move_to_trash(store.layout, real)
        move_into_place(output.place, real)
    store.registrar.register(infos)
    empty_trash(store.layout)


def _has_content(real: Path, info: PathInfo) -> bool:
    try:
        return nar.hash_path(real) == (info.nar_hash, info.nar_size)
    except (OSError, nar.UnsupportedFile):
        return False


def check_outputs(store: LocalStore, drv_path: str, drv: Derivation, finished: Iterable[FinishedOutput]) -> None:
    """Apply `allowedReferences`, `disallowedRequisites`, `maxSize` and their kin; outputs may not need each other."""
    infos = {output.name: output.info for output in finished}
    _check_order(drv_path, drv, infos.values())
    for name, info in sorted(infos.items()):
        checks = _checks_of(drv, name)
        if not checks:
            continue
        closure = _Closure(store, infos)
        _check_size(drv_path, info, checks, closure)
        for key, allowed, recursive in (
            ("allowedReferences", True, False),
            ("allowedRequisites", True, True),
            ("disallowedReferences", False, False),
            ("disallowedRequisites", False, True),
        ):
            wanted = checks.get(key)
            if wanted is None:
                continue
            named = {_named_path(store, drv_path, drv, infos, key, word) for word in _words(wanted)}
            used = closure.of(info) - {info.path} if recursive else set(info.references)
            wrong = sorted(used - named) if allowed else sorted(used & named)
            if wrong:
                raise BuildError(
                    f"output '{info.path}' is not allowed to refer to:\n  " + "\n  ".join(wrong),
                    drv=drv_path,
                    code="reference-not-allowed",
                    hint=f"the derivation says so in '{key}'",
                )


def _check_order(drv_path: str, drv: Derivation, infos: Iterable[PathInfo]) -> None:
    """Copying and collecting take paths after what they refer to, so that there must be such an order."""
    try:
        TopologicalSorter({info.path: info.references - {info.path} for info in infos}).prepare()
    except CycleError as error:
        raise BuildError(
            f"the outputs of '{drv.name}' refer to each other in a circle:\n  " + "\n  ".join(error.args[1][:-1]),
            drv=drv_path,
            code="output-cycle",
            hint="move what one needs of the other into a third output",
        ) from error


def _named_path(
    store: LocalStore, drv_path: str, drv: Derivation, infos: Mapping[str, PathInfo], key: str, word: str
) -> str:
    """The path that a word of a check means: an output's name, or the path itself."""
    if word in infos:
        return infos[word].path
    if not is_store_path(word, store.store_dir):
        raise BuildError(
            f"'{key}' of '{drv.name}' names '{word}', which is neither a store path nor an output",
            drv=drv_path,
            code="bad-output-check",
            hint=f"its outputs are {', '.join(sorted(drv.outputs))}",
        )
    return word


class _Closure:
    """Closures of outputs that are not registered yet."""

    def __init__(self, store: LocalStore, infos: Mapping[str, PathInfo]) -> None:
        self.store = store
        self.fresh = {info.path: info for info in infos.values()}

    def of(self, info: PathInfo) -> set[str]:
        seen = {info.path}
        pending = [info.path]
        registered = set()
        while pending:
            path = pending.pop()
            if path in self.fresh:
                new = self.fresh[path].references - seen
                seen |= new
                pending.extend(new)
            else:
                registered.add(path)
        return seen | set(self.store.closure(registered))

    def size(self, info: PathInfo) -> int:
        total = 0
        for path in self.of(info):
            known = self.fresh.get(path) or self.store.query_path_info(path)
            total += known.nar_size
        return total


def _check_size(drv_path: str, info: PathInfo, checks: Mapping[str, object], closure: _Closure) -> None:
    for key in ("maxSize", "maxClosureSize"):
        limit = checks.get(key)
        if limit in (None, ""):
            continue
        size = info.nar_size if key == "maxSize" else closure.size(info)
        if size > int(str(limit)):
            what = "" if key == "maxSize" else "the closure of "
            raise BuildError(
                f"{what}output '{info.path}' is too large: {size} bytes, allowed are {limit}",
                drv=drv_path,
                code="output-too-large",
                hint=f"the derivation says so in '{key}'",
            )


def _checks_of(drv: Derivation, output_name: str) -> Mapping[str, object]:
    if drv.structured is None:
        return drv.env
    checks = drv.structured.get("outputChecks")
    found = checks.get(output_name) if isinstance(checks, dict) else None
    return found if isinstance(found, dict) else {}


def _words(value: object) -> list[str]:
    return value.split() if isinstance(value, str) else [str(word) for word in value] if isinstance(value, list) else []
