"""`osconf gc`: forget generations first where that is asked for, then collect."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.store.gc import GcOptions

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
    """Collect; `older_than` is in seconds. The current and the booted generation always stay."""
    if (keep_generations is not None or older_than is not None) and not dry_run:
        forget_generations(session.store.layout.profiles, keep=keep_generations, older_than=older_than)
    result = session.store.collect_garbage(GcOptions(dry_run=dry_run, max_freed=max_freed))
    return Collected(result.paths, result.freed)


def forget_generations(profiles: Path, *, keep: int | None, older_than: int | None) -> list[Path]:
    """Remove links of old generations from every profile; the one a profile points at always stays."""
    removed = []
    for profile in sorted(profiles.iterdir()) if profiles.is_dir() else []:
        if not profile.is_symlink() or profile.name.endswith("-link"):
            continue
        current = profile.readlink().name
        links = sorted(profiles.glob(f"{profile.name}-*-link"), key=lambda link: int(link.name.split("-")[-2]))
        for age, link in enumerate(reversed(links)):
            is_surplus = keep is not None and age >= keep
            is_old = older_than is not None and time.time() - link.lstat().st_mtime > older_than
            if link.name != current and (is_surplus or is_old):
                link.unlink()
                removed.append(link)
    return removed
