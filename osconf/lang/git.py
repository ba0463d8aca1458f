"""What is asked of git, and what comes back: the language's side of `builtins.fetchGit`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GitRequest:
    """What `builtins.fetchGit` was asked for; without `rev` the tip of `ref`, without both the default branch."""

    url: str
    name: str = "source"
    ref: str = ""
    rev: str = ""
    submodules: bool = False
    shallow: bool = False
    all_refs: bool = False
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """A revision in the store, or a working tree with changes: then `rev` is empty and `dirty_rev` what it changes."""

    path: str
    rev: str
    rev_count: int
    last_modified: int
    dirty_rev: str = ""
