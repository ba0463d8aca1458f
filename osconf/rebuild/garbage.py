"""`osconf gc`: forget generations first where that is asked for, then collect."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.activation.commit import IN_USE
from osconf.activation.generations import PROFILE as SYSTEM_PROFILE
from osconf.errors import StoreError
from osconf.rebuild.generations import delete_generations
from osconf.store.gc import GcOptions
from osconf.store.layout import StoreLayout
from osconf.store.profiles import Generation, Profile
from osconf.store.reserve import release_space, restore_space

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


@dataclass(frozen=True, slots=True)
class Collected:
    """Which paths went (or would go), and the bytes they took."""

    deleted: tuple[str, ...]
    freed: int


def collect_garbage(
    session: Session,
    *,
    keep_generations: int | None = None,
    older_than: int | None = None,
    max_freed: int | None = None,
    dry_run: bool = False,
) -> Collected:
    """Collect; `older_than` is in seconds. The default, the running and the booted generation always stay."""
    layout = StoreLayout(session.root, session.store_dir)
    if not dry_run:
        # Opening the store to write takes some space already.
        release_space(layout)
    try:
        profiles = session.store.layout.profiles
        old = {}
        if keep_generations is not None or older_than is not None:
            old = choose_old_generations(profiles, keep=keep_generations, older_than=older_than)
        if not dry_run:
            forget_generations(old)
        forgotten = frozenset(str(generation.link) for generations in old.values() for generation in generations)
        result = session.store.collect_garbage(GcOptions(dry_run=dry_run, max_freed=max_freed, forgotten=forgotten))
    except StoreError as error:
        if error.code == "no-space":
            error.hint = f"a collection needs some space itself: remove old logs in '{layout.logs}', then try again"
        raise
    finally:
        if not dry_run:
            restore_space(layout)
    return Collected(result.paths, result.freed)


def choose_old_generations(
    profiles: Path, *, keep: int | None, older_than: float | None
) -> dict[Profile, list[Generation]]:
    """The generations that a clean-up forgets: for root those of every profile, for a user those of the user's own."""
    in_use = frozenset(os.path.realpath(path) for path in IN_USE)
    folders = [profiles, *sorted(profiles.glob("per-user/*"))]
    links = [link for folder in folders if os.access(folder, os.W_OK) for link in sorted(folder.iterdir())]
    return {
        profile: profile.choose_old(keep=keep, older_than=older_than, protected=in_use)
        for profile in (Profile(link) for link in links if link.is_symlink() and not link.name.endswith("-link"))
    }


def forget_generations(old: Mapping[Profile, Sequence[Generation]]) -> None:
    """Remove generations; those of the machine's system leave the boot menu with that."""
    for profile, generations in old.items():
        numbers = [generation.number for generation in generations]
        if str(profile.link) == SYSTEM_PROFILE:
            delete_generations(numbers)
        else:
            profile.delete_generations(numbers)
