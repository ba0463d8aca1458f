"""What this machine and this user have set for osconf: binary caches, whom to trust, who may use the daemon.

The machine's file is written by the OS modules (`osconf.settings`); a user's own, `~/.config/osconf/settings.json`,
adds to it. Both have the same keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from osconf.errors import OsconfError
from osconf.store.signing import parse_public_keys

MACHINE_FILE = Path("/etc/osconf/settings.json")


class BadSettings(OsconfError):
    """A settings file cannot be used."""

    code = "bad-settings"


@dataclass(frozen=True)
class MachineSettings:
    """`substituters` are addresses of binary caches, `trusted_public_keys` whose signatures count (`NAME:BASE64`).

    `allowed_users` may use the daemon, `trusted_users` may also import what nobody signed; names, `@GROUP`, or `*`.
    """

    substituters: tuple[str, ...] = ()
    trusted_public_keys: tuple[str, ...] = ()
    trusted_users: tuple[str, ...] = ("root",)
    allowed_users: tuple[str, ...] = ("*",)

    def with_file(self, file: Path) -> MachineSettings:
        """Add what a file sets: its caches and keys come after those that are known, its lists of users replace."""
        found = read_settings_file(file)
        merged = {
            name: tuple(dict.fromkeys((*getattr(self, name), *values)))
            if name in ("substituters", "trusted_public_keys")
            else values
            for name, values in found.items()
        }
        return replace(self, **merged)


def read_settings(environment: Mapping[str, str], machine_file: Path = MACHINE_FILE) -> MachineSettings:
    """The machine's settings with the user's additions; the users of the daemon are the machine's alone to name."""
    machine = MachineSettings().with_file(machine_file)
    own = user_file(environment)
    if own is None:
        return machine
    both = machine.with_file(own)
    return replace(both, trusted_users=machine.trusted_users, allowed_users=machine.allowed_users)


def user_file(environment: Mapping[str, str]) -> Path | None:
    """Where the user's settings are; None for somebody without a home."""
    base = environment.get("XDG_CONFIG_HOME")
    home = environment.get("HOME")
    if base:
        return Path(base, "osconf/settings.json")
    return Path(home, ".config/osconf/settings.json") if home else None


def read_settings_file(file: Path) -> dict[str, tuple[str, ...]]:
    """The settings in a file, by the names of `MachineSettings`; empty when it is not there."""
    try:
        data = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise BadSettings(f"the settings {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadSettings(f"the settings {file} are not JSON: {error}", hint=_EXAMPLE) from None
    if not isinstance(data, dict):
        raise BadSettings(f"the settings {file} are no object", hint=_EXAMPLE)
    known = {field.name.replace("_", "-"): field.name for field in fields(MachineSettings)}
    return {_known_key(file, key, known): _texts(file, key, value) for key, value in data.items()}


_EXAMPLE = 'such as { "substituters": [ "https://cache.example.org" ], "trusted-public-keys": [ "cache-1:…" ] }'


def _known_key(file: Path, key: str, known: Mapping[str, str]) -> str:
    if key in known:
        return known[key]
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean ‘{near[0]}’?" if near else f"known are {', '.join(known)}"
    raise BadSettings(f"{file} sets ‘{key}’, which is no setting", hint=hint)


def _texts(file: Path, key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split()
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise BadSettings(f"‘{key}’ in {file} is no list of texts", hint=_EXAMPLE)
    if key == "trusted-public-keys":
        for item in value:
            try:
                parse_public_keys([item])
            except OsconfError as error:
                raise BadSettings(f"‘{key}’ in {file} has ‘{item}’: {error}", hint=error.hint) from None
    return tuple(value)
