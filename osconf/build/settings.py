"""How builds run: limits, places and mirrors. Filled by whoever calls `realise`; no environment is read here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from osconf.store.locks import PATH_LIMIT_SECONDS


@dataclass(frozen=True)
class BuildSettings:
    """Choices for one run of `realise`; times are in seconds, 0 means no limit.

    `lock_timeout` is how long a build waits for another process that builds the same.

    `mirrors` maps the name in a logical URL `mirror://NAME/path` to base URLs, tried in order. `check` builds again
    what is valid already and compares, `repair` puts the new content in the place of the old.
    `shell` finds the program that is /bin/sh for builders without an environment of their own.
    `public_files` lets `file://` addresses name only what everybody may read: for builds that others ask root for.
    `finish_for_others` lets a build that is cancelled go on as long as another process waits for it.
    `environment` are the variables that a fixed output may ask for in `impureEnvVars`.
    `caches` are addresses of binary caches, `trusted_keys` the public keys whose signatures count (`NAME:BASE64`).
    """

    jobs: int = 1
    cores: int = 1
    keep_going: bool = False
    keep_failed: bool = False
    check: bool = False
    repair: bool = False
    timeout: float = 0
    max_silent_time: float = 0
    lock_timeout: float = PATH_LIMIT_SECONDS
    cache_dir: Path | None = None
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proxy: str | None = None
    offline: bool = False
    connect_timeout: float = 15
    system: str = "x86_64-linux"
    features: frozenset[str] = frozenset({"uid-range", "nixos-test", "kvm", "big-parallel", "benchmark"})
    caches: tuple[str, ...] = ()
    trusted_keys: tuple[str, ...] = ()
    public_files: bool = False
    finish_for_others: bool = False
    sandbox_paths: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    shell: Callable[[], Path | None] | None = None
