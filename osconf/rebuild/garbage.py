"""`osconf gc`: forget generations first where that is asked for, then collect."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.activation.commit import IN_USE
from osconf.activation.generations import PROFILE as SYSTEM_PROFILE
from osconf.rebuild.generations import delete_generations
from osconf.store.gc import GcOptions
from osconf.store.profiles import Profile

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
    if (keep_generations is not None or older_than is not None) and not dry_run:
        forget_old_generations(session.store.layout.profiles, keep=keep_generations, older_than=older_than)
    result = session.store.collect_garbage(GcOptions(dry_run=dry_run, max_freed=max_freed))
    return Collected(result.paths, result.freed)


def forget_old_generations(profiles: Path, *, keep: int | None, older_than: float | None) -> None:
    """Remove old generations of every profile; those of the machine's system leave the boot menu with that."""
    in_use = frozenset(os.path.realpath(path) for path in IN_USE)
    for link in sorted(profiles.iterdir()) if profiles.is_dir() else []:
        if link.is_symlink() and not link.name.endswith("-link"):
            profile = Profile(link)
            old = profile.choose_old(keep=keep, older_than=older_than, protected=in_use)
            numbers = [generation.number for generation in old]
            if str(link) == SYSTEM_PROFILE:
                delete_generations(numbers)
            else:
                profile.delete_generations(numbers)
