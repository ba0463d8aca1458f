"""/etc/pam.d/common-*: the packages' PAM profiles expanded into the templates, as pam-auth-update(8) does.

Reimplemented because pam-auth-update edits files in place and asks debconf. Profiles live in /usr/share/pam-configs,
templates in /usr/share/pam.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from osconf.environment.farm import Farm

_PROFILES = "usr/share/pam-configs"
_TEMPLATES = "usr/share/pam"

# Template -> (field prefix in profiles, leave out profiles for interactive sessions)
_STACKS = {
    "common-auth": ("Auth", False),
    "common-account": ("Account", False),
    "common-password": ("Password", False),
    "common-session": ("Session", False),
    "common-session-noninteractive": ("Session", True),
}
_VARIABLES = {"common-session-noninteractive": "session_nonint"}
# What a stack without any primary module falls back to.
_NO_PRIMARY = {
    "Auth": "auth\t[default=1]\tpam_permit.so",
    "Account": "account\t[default=1]\tpam_permit.so",
    "Password": "password\t[default=1]\tpam_permit.so",
    "Session": "session\t[default=1]\tpam_permit.so",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One file of /usr/share/pam-configs."""

    name: str
    fields: dict[str, str]

    @property
    def priority(self) -> int:
        return int(self.fields.get("Priority", "0"))

    @property
    def is_default(self) -> bool:
        return self.fields.get("Default", "no") == "yes"

    @property
    def is_interactive_only(self) -> bool:
        return self.fields.get("Session-Interactive-Only", "no") == "yes"


def write_common_stacks(farm: Farm) -> None:
    """Generate etc/pam.d/common-*, where the environment has PAM's templates."""
    profiles = [
        parse_profile(path.rpartition("/")[2], farm.read(path))
        for path in farm.plan.under(_PROFILES)
        if not path.endswith((".dpkg-new", "~"))
    ]
    enabled = [profile for profile in profiles if profile.is_default]
    for name, (kind, is_noninteractive) in _STACKS.items():
        template = farm.read(f"{_TEMPLATES}/{name}")
        if not template:
            continue
        chosen = [profile for profile in enabled if not (is_noninteractive and profile.is_interactive_only)]
        variable = _VARIABLES.get(name, kind.lower())
        text = template
        for block in ("Primary", "Additional"):
            lines = expand_block(chosen, kind, block)
            text = text.replace(f"${variable}_{block.lower()}\n", f"{lines}\n" if lines else "")
        farm.write(f"etc/pam.d/{name}", text)


def parse_profile(name: str, text: str) -> Profile:
    """Parse a profile: `Field: value`, or `Field:` and indented module lines."""
    fields: dict[str, str] = {}
    current = ""
    for line in text.splitlines():
        if line[:1].isspace():
            if current and line.strip():
                fields[current] += ("\n" if fields[current] else "") + line.strip()
        elif ":" in line and not line.startswith("#"):
            current, _, value = line.partition(":")
            current = current.strip()
            fields[current] = value.strip()
    return Profile(name, fields)


def expand_block(profiles: Iterable[Profile], kind: str, block: str) -> str:
    """The module lines of one stack's Primary or Additional block, highest priority first."""
    ordered = sorted(profiles, key=lambda profile: (-profile.priority, profile.name))
    members = [p for p in ordered if kind in p.fields and p.fields.get(f"{kind}-Type", "Additional") == block]
    lines: list[str] = []
    for index, profile in enumerate(members):
        initial = profile.fields.get(f"{kind}-Initial") if index == 0 else None
        lines += (initial or profile.fields[kind]).splitlines()
    if not lines:
        return _NO_PRIMARY[kind] if block == "Primary" else ""
    total = len(lines)
    # `end` jumps behind the primary block, onto the template's own `requisite pam_deny.so`'s successor.
    return "\n".join(
        f"{kind.lower()}\t" + re.sub(r"=end\b", f"={total - number}", line) for number, line in enumerate(lines)
    )
