"""Work that changes a store in every way: adding, building, copying, generations, linking equal files, garbage.

The same names give the same derivations, so that whoever comes after an interruption can ask for the same again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from osconf.build.builtin import BuiltinBuilder, BuiltinRequest, FunctionBuilder
from osconf.build.builtins import GENERIC_BUILDERS
from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths
from osconf.store.binary_cache import FileCache
from osconf.store.local import LocalStore
from osconf.store.optimise import optimise_store
from osconf.store.profiles import Profile
from osconf.store.signing import SecretKey, parse_public_keys

HOST_PATHS = {name: name for name in ("/usr", "/bin", "/lib", "/lib64") if Path(name).exists()}
SETTINGS = BuildSettings(jobs=2, sandbox_paths=HOST_PATHS)
KEY = SecretKey("durability-1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CACHE = "cache"
SHARED_FILE = b"the same in every tree\n" * 200
SCRIPT = 'echo "made of $base" > $out; mkdir $extra; head -c 70000 /dev/zero > $extra/zeros; ln -s $base $extra/base'


def write_files(request: BuiltinRequest) -> None:
    """A builtin builder: a tree with files of many sizes, a link, a program, an empty directory."""
    chance = random.Random(request.text("seed"))
    out = request.out
    (out / "deep/er").mkdir(parents=True)
    (out / "empty").mkdir()
    for number, size in enumerate((0, 1, 511, 4096, 5000, 40_000, 150_000)):
        (out / "deep" / f"file-{number}").write_bytes(chance.randbytes(size))
    (out / "shared").write_bytes(SHARED_FILE)
    (out / "deep/er/program").write_bytes(b"#!/bin/sh\n" + chance.randbytes(200))
    (out / "deep/er/program").chmod(0o755)
    (out / "link").symlink_to("deep/file-3")


BUILDERS: dict[str, BuiltinBuilder] = {**GENERIC_BUILDERS, "files": FunctionBuilder("1", write_files)}


@dataclass
class Promises:
    """What must be valid from now on, whatever happens: paths of finished steps that nobody began to delete."""

    listen: Callable[[frozenset[str]], None] = lambda _paths: None
    paths: set[str] = field(default_factory=set)

    def keep(self, paths: Iterable[str]) -> None:
        """A step that made these is over."""
        self.paths.update(paths)
        self.listen(frozenset(self.paths))

    def release(self, paths: Iterable[str]) -> None:
        """A step that may delete these begins."""
        self.paths.difference_update(paths)
        self.listen(frozenset(self.paths))


def recipes(store: LocalStore, turn: int, *, sandbox: bool = True) -> list[str]:
    """The derivations of a turn, the last one over all the others."""
    base = _derive(store, f"base-{turn}", "builtin:write", text=f"base of turn {turn}\n")
    files = [_derive(store, f"files-{turn}-{n}", "builtin:files", base, seed=f"{turn}-{n}") for n in range(3)]
    made = [base, *files]
    if sandbox:
        made.append(
            _derive(store, f"script-{turn}", "/bin/sh", base, args=("-c", SCRIPT), outputs=("extra", "out"), base=base)
        )
    top = _derive(store, f"top-{turn}", "builtin:write", *made, text="\n".join(_output(store, drv) for drv in made))
    return [*made, top]


def _derive(
    store: LocalStore,
    name: str,
    builder: str,
    *inputs: str,
    args: tuple[str, ...] = (),
    outputs: tuple[str, ...] = ("out",),
    **env: str,
) -> str:
    env = {key: _output(store, value) if value in inputs else value for key, value in env.items()}
    drv = Derivation(
        outputs={output: DerivationOutput("") for output in outputs},
        input_derivations={path: tuple(sorted(store.read_derivation(path).outputs)) for path in inputs},
        input_sources=(),
        system="x86_64-linux",
        builder=builder,
        args=args,
        env={"name": name, "builder": builder, "system": "x86_64-linux", "PATH": "/usr/bin:/bin", **env},
    )
    return store.write_derivation(fill_output_paths(drv, store.derivation_hash, store.store_dir))


def _output(store: LocalStore, drv: str) -> str:
    return store.read_derivation(drv).output_path()


def profile_of(store: LocalStore) -> Profile:
    """The profile whose generations the turns are."""
    return Profile(store.layout.profiles / "test")


def build(store: LocalStore, turn: int, *, sandbox: bool = True) -> list[str]:
    """Build a turn's derivations; gives the outputs, the last one leads to all others."""
    made = realise(store, recipes(store, turn, sandbox=sandbox), BUILDERS, SETTINGS)
    return [path for outputs in made.values() for path in outputs.values()]


def work(root: Path, turn: int, promises: Promises, *, sandbox: bool = True, durable: bool = True) -> None:
    """One turn. Every step opens the store as a command of its own would."""
    source = root / f"source-{turn}"
    if not source.exists():
        source.mkdir()
        (source / "text").write_text(f"source of turn {turn}\n")
        (source / "shared").write_bytes(SHARED_FILE)

    with LocalStore.open(root, durable=durable) as store:
        added = store.add_path(source, f"source-{turn}")
        store.add_root(root / f"result-source-{turn}", added)
    promises.keep([added])

    with LocalStore.open(root, durable=durable) as store:
        built = build(store, turn, sandbox=sandbox)
        profile = profile_of(store)
        profile.switch_to(profile.add_generation(built[-1]).number)
        closure = store.closure([built[-1]])
    promises.keep(closure)

    with LocalStore.open(root, durable=durable) as store:
        cache = FileCache(root / CACHE, store.store_dir)
        for path in closure:
            cache.add(store, path, key=KEY)

    with LocalStore.open(root, durable=durable) as store:
        optimise_store(store)

    # The turn before goes, and this one too, to be fetched again.
    promises.release(set(promises.paths) - {added})
    with LocalStore.open(root, durable=durable) as store:
        profile = profile_of(store)
        kept = store.add_text(f"kept-{turn}", b"kept")
        store.flush()
        profile.switch_to(profile.add_generation(kept).number)
        profile.delete_generations([entry.number for entry in profile.generations() if not entry.is_current])
    with LocalStore.open(root, durable=durable) as store:
        store.collect_garbage()

    with LocalStore.open(root, durable=durable) as store:
        cache = FileCache(root / CACHE, store.store_dir)
        wanted = cache.closure(closure, store.is_valid)
        for narinfo in wanted or ():
            cache.fetch(store, narinfo, parse_public_keys([KEY.render_public()]))
        store.flush()
        if wanted is not None:
            profile = profile_of(store)
            profile.switch_to(profile.add_generation(closure[-1]).number)
    if wanted is not None:
        promises.keep(closure)
