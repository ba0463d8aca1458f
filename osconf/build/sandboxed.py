"""Building in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event

from osconf.build.logs import BuildLog
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.store.local import LocalStore


def build_in_sandbox(
    store: LocalStore,
    drv_path: str,
    drv: Derivation,
    work: Path,
    log: BuildLog,
    settings: BuildSettings,
    cancelled: Event,
) -> Mapping[str, Path]:
    """Placeholder until the sandbox lands."""
    raise BuildError("the sandbox is not there yet", drv=drv_path)
