"""Making an evaluator that knows the tree, the archive and the module system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.lang.evaluator import Evaluator, EvalSettings
from osconf.lang.values import to_latin
from osconf.rebuild.locks import lock_path

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


def make_evaluator(
    session: Session, configuration: Path | None, search_path: Sequence[str], is_pure: bool
) -> Evaluator:
    """An evaluator over the session's store; packages come from the lock of the configuration.

    Without a configuration, a lock per user in the cache directory pins the archive (`osconf shell -p`).
    """
    from osconf.rebuild.session import tree_path

    lock = lock_path(configuration) if configuration is not None else session.cache_dir / "user.lock"
    return Evaluator(
        session.world,
        internal=lambda: make_internal(session, lock),
        search_path=[*search_path, *search_path_from(session), f"osconf={tree_path()}"],
        settings=EvalSettings(is_pure=is_pure, cache_directory=session.cache_dir / "code"),
    )
