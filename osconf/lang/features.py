"""The experimental features of the language that have to be asked for; the names are Nix's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# What Nix 2.26 knows. Those without an effect on the language are accepted.
KNOWN_FEATURES = frozenset(
    (
        *("auto-allocate-uids", "ca-derivations", "cgroups", "configurable-impure-env", "daemon-trust-override"),
        *("dynamic-derivations", "fetch-closure", "fetch-tree", "flakes", "git-hashing", "impure-derivations"),
        *("local-overlay-store", "mounted-ssh-store", "nix-command", "no-url-literals", "parse-toml-timestamps"),
        *("pipe-operators", "read-only-local-store", "recursive-nix", "verified-fetches"),
    )
)


@dataclass(frozen=True, slots=True)
class Features:
    """What was asked for."""

    pipes: bool = False
    """`pipe-operators`: `|>` and `<|`."""
    toml_timestamps: bool = False
    """`parse-toml-timestamps`: `fromTOML` gives sets for dates and times."""
    no_url_literals: bool = False
    """`no-url-literals`: addresses are written in quotes."""

    @classmethod
    def from_names(cls, names: Collection[str]) -> Features:
        """The features among the names."""
        return cls("pipe-operators" in names, "parse-toml-timestamps" in names, "no-url-literals" in names)


NO_FEATURES = Features()
