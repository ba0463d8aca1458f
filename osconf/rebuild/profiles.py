"""`osconf profile`: environments that users install packages into.

The recipe of every change: read the current generation's manifest, evaluate its elements with the archive pinned by the
generation's own lock, build, and only then make a generation and switch to it. A failure before that changes nothing.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.archive.archive import update_lock
from osconf.archive.lock import load_lock, save_lock
from osconf.rebuild.configuration import Instantiated, derivation_of
from osconf.rebuild.locks import LOCK_NAME, lock_path
from osconf.rebuild.profile_manifest import Element, ElementChange, Manifest, compare_elements
from osconf.store.canonical import explaining
from osconf.store.locks import hold_lock
from osconf.store.profiles import Generation, Profile
from osconf.store.roots import replace_link

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator
    from osconf.rebuild.session import Session

LINK = ".osconf-profile"

_DESCRIBE = """
value: {
  name = value.pname or (builtins.parseDrvName (value.name or "")).name;
  version = toString (value.version or "");
  path = "${value}";
  drv = value.drvPath or "";
  output = value.outputName or "";
  archive = value.archivePackage or "";
}
"""
_BUILT = '{ path, drv, output }: builtins.appendContext path { "${drv}" = { outputs = [ output ]; }; }'


@dataclass(frozen=True)
class ProfileChange:
    """What a command did to a profile."""

    generation: int | None
    changes: tuple[ElementChange, ...]


@dataclass(frozen=True)
class GenerationRecord:
    """A generation as `history` shows it, with what changed since the one before."""

    generation: Generation
    elements: tuple[Element, ...]
    changes: tuple[ElementChange, ...]


class UserProfile:
    """The profile of a user in the session's store."""

    def __init__(self, session: Session, user: str | None = None) -> None:
        self.session = session
        self.user = user or _user_name()
        self.profile = Profile(session.store.layout.user_profiles(self.user) / "profile")

    # Reading

    def manifest(self) -> Manifest:
        """What the current generation holds."""
        generation = self._current()
        return Manifest() if generation is None else Manifest.read(self._real(generation))

    def number(self) -> int | None:
        """The current generation's number; None when nothing was ever installed."""
        generation = self._current()
        return None if generation is None else generation.number

    def history(self) -> list[GenerationRecord]:
        """Every generation, oldest first."""
        records: list[GenerationRecord] = []
        before: tuple[Element, ...] = ()
        for generation in self.profile.generations():
            elements = Manifest.read(self._real(generation)).elements
            records.append(GenerationRecord(generation, elements, tuple(compare_elements(before, elements))))
            before = elements
        return records

    def _current(self) -> Generation | None:
        return next((generation for generation in self.profile.generations() if generation.is_current), None)

    def _real(self, generation: Generation) -> Path:
        store = self.session.store
        return store.real_path(store.resolve(generation.link))

    # Changing

    def install(
        self, names: Sequence[str], expressions: Sequence[str] = (), configuration: Path | None = None
    ) -> ProfileChange:
        """Add packages by name, store paths (a name with a slash) and the values of expressions."""
        wanted = [self._element_of(name) for name in names]
        wanted += [Element("", "expression", text, directory=str(Path.cwd())) for text in expressions]

        def change(manifest: Manifest, evaluate: Callable[[Element], Element]) -> Manifest:
            for element in wanted:
                if not any(known.is_same_request(element) for known in manifest.elements):
                    manifest = manifest.with_element(evaluate(element))
            return manifest

        return self._change(change, configuration)

    def remove(self, names: Sequence[str]) -> ProfileChange:
        """Take elements away."""
        return self._change(lambda manifest, _: manifest.without(names))

    def upgrade(self, names: Sequence[str] = (), configuration: Path | None = None) -> ProfileChange:
        """Bring elements (all of them, without names) to what the archive and their expressions give now.

        With a `configuration`, packages come from its lock instead of the archive's present state.
        """

        def change(manifest: Manifest, evaluate: Callable[[Element], Element]) -> Manifest:
            chosen = {manifest.find(name).name for name in names}
            for element in manifest.elements:
                if not chosen or element.name in chosen:
                    manifest = manifest.with_element(replace(evaluate(element), name=element.name))
            return manifest

        return self._change(change, configuration, upgraded=tuple(names) or ("*",))

    def rollback(self, number: int | None = None) -> ProfileChange:
        """Go back to the generation before the current one, or to a given one."""
        with self._locked():
            before = self.manifest()
            number = self.profile.previous_number() if number is None else number
            self.profile.switch_to(number)
            return ProfileChange(number, tuple(compare_elements(before.elements, self.manifest().elements)))

    def link_home(self, home: Path) -> Path:
        """Make `~/.osconf-profile` lead to the profile unless something else is there; gives where programs are."""
        link = home / LINK
        if not os.path.lexists(link) or (link.is_symlink() and not link.exists()):
            with explaining(f"make the link {link}"):
                link.unlink(missing_ok=True)
                link.symlink_to(self.profile.link)
        place = link if link.exists() and link.samefile(self.profile.link) else self.profile.link
        return place / "bin"

    # Below

    def _element_of(self, name: str) -> Element:
        if "/" not in name:
            return Element("", "package", name)
        return Element("", "path", self.session.store.resolve(name))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with explaining(f"change the profile '{self.profile.link}'"):
            self.profile.link.parent.mkdir(parents=True, exist_ok=True)
            with hold_lock(self.profile.link.with_suffix(".lock"), exclusive=True):
                yield

    def _change(
        self,
        change: Callable[[Manifest, Callable[[Element], Element]], Manifest],
        configuration: Path | None = None,
        *,
        upgraded: tuple[str, ...] = (),
    ) -> ProfileChange:
        with self._locked():
            before = self.manifest()
            pinned = self._pin(before, configuration, upgraded)
            recipe = _Recipe(self.session, pinned)
            after = recipe.evaluate(lambda evaluate: change(before, evaluate))
            changes = tuple(compare_elements(before.elements, after.elements))
            if not changes and not upgraded:
                return ProfileChange(self.number(), ())
            (path,) = self.session.build([recipe.instantiate(after)])
            store = self.session.store
            current = self._current()
            real = store.real_path(path)
            store.add_temp_root(path)
            store.flush()
            if current is not None and not changes and _environment(self._real(current)) == _environment(real):
                # Nothing that anybody sees: the generation stays, with the archive's state of now.
                replace_link(current.link, str(real))
                return ProfileChange(current.number, ())
            generation = self.profile.add_generation(str(real))
            self.profile.switch_to(generation.number)
            return ProfileChange(generation.number, changes)

    def _pin(self, manifest: Manifest, configuration: Path | None, upgraded: Sequence[str]) -> Path:
        """A lock to evaluate with, beside a configuration that need not exist: that path is given."""
        place = self.session.cache_dir / "profiles" / self.user
        place.mkdir(parents=True, exist_ok=True)
        working = place / LOCK_NAME
        working.unlink(missing_ok=True)
        current = self._current()
        if configuration is not None:
            lock = load_lock(lock_path(configuration))
        elif current is not None:
            lock = load_lock(self._real(current) / LOCK_NAME)
        else:
            lock = self._users_lock()
        if lock is not None and upgraded and configuration is None:
            names: set[str] = set()
            if upgraded != ("*",):
                roots = {manifest.find(name).archive for name in upgraded}
                records = [item.package for group in lock.packages.values() for item in group.values()]
                sources = {package.source_name for package in records if package.name in roots}
                names = {package.name for package in records if package.source_name in sources}
            if names or upgraded == ("*",):
                lock = update_lock(self.session.access, lock, names=sorted(names)).lock
        if lock is not None:
            save_lock(working, lock)
        return place / "profile.nix"

    def _users_lock(self) -> Any:
        """The lock of `osconf shell`: a first profile has the packages that are here already."""
        from osconf.rebuild.evaluation import open_lock

        return open_lock(self.session, None).lock


def _user_name() -> str:
    """Who we are; a user without an entry is called by their number, as the daemon does."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _environment(profile: Path) -> str:
    return str((profile / "environment").readlink())


class _Recipe:
    """The evaluation of one profile."""

    def __init__(self, session: Session, pinned: Path) -> None:
        self.session = session
        self.pinned = pinned
        self.values: dict[Element, Any] = {}

    def evaluate(self, change: Callable[[Callable[[Element], Element]], Manifest]) -> Manifest:
        """Decide on the elements; `change` may ask for elements to be evaluated."""
        from osconf.lang.evaluator import run_deep

        self.session.prepare()
        return run_deep(lambda: change(self._describe))

    def instantiate(self, manifest: Manifest) -> Instantiated:
        """Write the profile's derivation to the store."""
        from osconf.lang.evaluator import run_deep

        # Evaluating the environment notes its packages in the lock, which becomes a part of the profile.
        run_deep(lambda: self._profile(manifest, ""))
        self.session.commit()
        lock = (self.pinned.parent / LOCK_NAME).read_text("utf-8")
        found = run_deep(lambda: self._profile(manifest, lock))
        self.session.commit()
        return found

    def _profile(self, manifest: Manifest, lock: str) -> Instantiated:
        from osconf.lang.values import to_latin

        evaluator = self._evaluator()
        members = tuple(
            {"name": to_latin(element.name), "value": self._value(evaluator, element)} for element in manifest.elements
        )
        arguments = {
            "members": members,
            "manifest": evaluator.call(
                evaluator.eval_text("builtins.fromJSON"), to_latin(json.dumps(manifest.to_json(), ensure_ascii=False))
            ),
            "lock": to_latin(lock),
        }
        value = evaluator.call(self._packages(evaluator)["mkProfile"], arguments)
        return derivation_of(evaluator, value, "the profile")

    def _describe(self, element: Element) -> Element:
        from osconf.lang.values import to_latin
        from osconf.rebuild.primops import to_python

        evaluator = self._evaluator()
        if element.kind == "path":
            text = f"builtins.storePath {json.dumps(element.request)}"
            value = evaluator.eval_text(text, base_dir="/", label="«osconf profile»")
            base_name = element.request.rpartition("/")[2][33:]
            parse = evaluator.eval_text("builtins.parseDrvName", base_dir="/", label="«osconf profile»")
            parts = to_python(evaluator.call(parse, to_latin(base_name)))
            found = replace(element, name=parts["name"], version=parts["version"], path=element.request)
        else:
            value = self._find(evaluator, element)
            derivation_of(evaluator, value, f"‘{element.request}’")
            describe = evaluator.eval_text(_DESCRIBE, base_dir="/", label="«osconf profile»")
            known = to_python(evaluator.call(describe, value))
            found = replace(element, **known)
            if element.kind == "package":
                found = replace(found, name=element.request)
        self.values[found] = value
        return found

    def _value(self, evaluator: Evaluator, element: Element) -> Any:
        from osconf.lang.values import to_latin

        known = self.values.get(element)
        if known is not None:
            return known
        if element.kind == "package" or element.archive:
            return self._find(evaluator, element)
        if element.drv and self.session.store.is_valid(element.drv):
            arguments = {name: to_latin(getattr(element, name)) for name in ("path", "drv", "output")}
            built = evaluator.eval_text(_BUILT, base_dir="/", label="«osconf profile»")
            return evaluator.call(built, arguments)
        return evaluator.eval_text(
            f"builtins.storePath {json.dumps(element.path)}", base_dir="/", label="«osconf profile»"
        )

    def _find(self, evaluator: Evaluator, element: Element) -> Any:
        from osconf.rebuild.shell import find_package

        if element.kind == "package":
            return find_package(evaluator, self._packages(evaluator), element.request)
        value = evaluator.eval_text(element.request, base_dir=element.directory, label="«string»")
        return evaluator.auto_call(value, {})

    def _evaluator(self) -> Evaluator:
        return self.session.evaluator(configuration=self.pinned)

    def _packages(self, evaluator: Evaluator) -> Any:
        return evaluator.eval_text("import <osconf/pkgs> { }", base_dir="/", label="«osconf profile»")
