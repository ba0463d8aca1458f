"""Which generations a collection forgets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from osconf.rebuild.garbage import choose_old_generations, collect_garbage, forget_generations
from osconf.rebuild.session import Session
from osconf.store.local import LocalStore
from osconf.store.profiles import Profile


def test_old_generations_of_every_profile(tmp_path: Path) -> None:
    for name in ("tools", "per-user/anna/profile"):
        profile = Profile(tmp_path / name)
        for number in range(1, 5):
            profile.add_generation(f"/osconf/store/{number}")
        profile.switch_to(2)
    forget_generations(choose_old_generations(tmp_path, keep=None, older_than=3600))
    forget_generations(choose_old_generations(tmp_path, keep=1, older_than=None))
    for name in ("tools", "per-user/anna/profile"):
        assert [generation.number for generation in Profile(tmp_path / name).generations()] == [2, 4]


def test_a_dry_run_shows_what_the_run_does(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        first, second = (store.add_text(name, name.encode()) for name in ("first", "second"))
        store.flush()
        profile = Profile(store.layout.profiles / "tools")
        for path in (first, second):
            profile.add_generation(path)
        profile.switch_to(2)
    # Opened again: what a process has made itself it keeps alive.
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        session = cast(Session, SimpleNamespace(store=store, root=store.root, store_dir=store.store_dir))
        planned = collect_garbage(session, keep_generations=1, dry_run=True)
        assert planned.deleted == (first,)
        assert [generation.number for generation in profile.generations()] == [1, 2]
        assert store.is_valid(first)
        assert collect_garbage(session, keep_generations=1).deleted == planned.deleted
        assert [generation.number for generation in profile.generations()] == [2]
        assert store.is_valid(second)
