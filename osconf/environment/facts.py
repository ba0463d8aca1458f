"""What maintainer scripts do, as facts: parsed from the log of the recorder's shims, free of any effect.

A log line is a shim's name and its arguments, separated by tabs (`recorder` writes it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Alternative:
    """`update-alternatives --install link name path priority`, with its slaves as (link, name, path)."""

    name: str
    link: str
    path: str
    priority: int
    slaves: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """A system user as sysusers.d wants it."""

    name: str
    uid: str = "-"
    group: str = ""
    comment: str = ""
    home: str = "/nonexistent"
    shell: str = ""


@dataclass
class Facts:
    """Everything recorded from the scripts of an environment's packages, in the order it happened."""

    alternatives: list[Alternative] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    memberships: list[tuple[str, str]] = field(default_factory=list)
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    capabilities: dict[str, str] = field(default_factory=dict)
    shells: list[str] = field(default_factory=list)
    apache: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def parse_log(text: str, facts: Facts) -> None:
    """Add the facts that a script's log holds."""
    for line in text.splitlines():
        program, *arguments = line.split("\t")
        match program:
            case "update-alternatives":
                _read_alternative(arguments, facts)
            case "adduser" | "useradd":
                _read_user(program, arguments, facts)
            case "addgroup" | "groupadd":
                _read_group(arguments, facts)
            case "usermod" | "gpasswd":
                _read_membership(program, arguments, facts)
            case "chown" | "chgrp":
                _read_owner(program, arguments, facts)
            case "chmod":
                _read_mode(arguments, facts)
            case "dpkg-statoverride":
                _read_override(arguments, facts)
            case "setcap":
                _read_capability(arguments, facts)
            case "add-shell":
                facts.shells += [shell for shell in arguments if shell not in facts.shells]
            case "a2enmod" | "a2enconf" | "a2ensite":
                kind = {"a2enmod": "mods", "a2enconf": "conf", "a2ensite": "sites"}[program]
                facts.apache += [(kind, name) for name in arguments if not name.startswith("-")]
            case _:
                pass  # what generators, units, modules and first-boot services do in their own way


def _read_alternative(arguments: Sequence[str], facts: Facts) -> None:
    if "--install" not in arguments:
        return
    start = arguments.index("--install") + 1
    if len(arguments) < start + 4:
        return
    link, name, path, priority = arguments[start : start + 4]
    slaves: list[tuple[str, str, str]] = []
    rest = list(arguments[start + 4 :])
    while rest and rest[0] in {"--slave", "--follower"} and len(rest) >= 4:
        slaves.append((rest[1], rest[2], rest[3]))
        rest = rest[4:]
    if not priority.lstrip("-").isdigit():
        return
    facts.alternatives.append(Alternative(name, link, path, int(priority), tuple(slaves)))


_VALUED_OPTIONS = """
    --home --shell --uid --gid --ingroup --gecos --comment --firstuid --lastuid --firstgid --lastgid --conf
    --add-extra-groups-list -c -d -e -f -g -G -k -K -p -r-value -s -u --home-dir --key --groups --password --expiredate
    --inactive --skel --base-dir -b --root -R
"""
_ADDUSER_VALUES = frozenset(_VALUED_OPTIONS.split())


def _split_options(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    names: list[str] = []
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        position += 1
        if argument.startswith("--") and "=" in argument:
            key, _, value = argument.partition("=")
            options[key] = value
        elif argument in _ADDUSER_VALUES and position < len(arguments):
            options[argument] = arguments[position]
            position += 1
        elif argument.startswith("-") and argument != "-":
            options[argument] = ""
        else:
            names.append(argument)
    return options, names


def _first(options: dict[str, str], *keys: str, default: str = "") -> str:
    return next((options[key] for key in keys if options.get(key)), default)


def _read_user(program: str, arguments: Sequence[str], facts: Facts) -> None:
    options, names = _split_options(arguments)
    if not names:
        return
    if len(names) == 2:  # adduser USER GROUP
        facts.memberships.append((names[0], names[1]))
        return
    name = names[0]
    group = _first(options, "--ingroup", "--gid", "-g")
    if program == "adduser" and not group and "--group" not in options:
        group = "nogroup"  # adduser(8): system users share it unless asked otherwise
    facts.users.setdefault(
        name,
        User(
            name,
            uid=_first(options, "--uid", "-u", default="-"),
            group="" if group == name else group,
            comment=_first(options, "--gecos", "--comment", "-c").strip(",").replace('"', "'"),
            home=_first(options, "--home", "--home-dir", "-d", default="/nonexistent"),
            shell=_first(options, "--shell", "-s"),
        ),
    )


def _read_group(arguments: Sequence[str], facts: Facts) -> None:
    options, names = _split_options(arguments)
    if len(names) == 2:
        facts.memberships.append((names[0], names[1]))
    elif names:
        facts.groups.setdefault(names[0], _first(options, "--gid", "-g", default="-"))


def _read_membership(program: str, arguments: Sequence[str], facts: Facts) -> None:
    options, names = _split_options(arguments)
    if program == "gpasswd":
        user = options.get("-a") or (names[0] if names else "")
        group = names[-1] if names else ""
        if user and group and user != group:
            facts.memberships.append((user, group))
        return
    groups = _first(options, "-G", "--groups", "-aG")
    rest = list(names)
    if not groups and "-aG" in options and rest:
        groups, rest = rest[0], rest[1:]
    if groups and rest:
        facts.memberships += [(rest[-1], group) for group in groups.split(",")]


def _plain_paths(arguments: Iterable[str]) -> list[str]:
    return [argument for argument in arguments if argument.startswith("/")]


def _read_owner(program: str, arguments: Sequence[str], facts: Facts) -> None:
    words = [argument for argument in arguments if not argument.startswith("-")]
    if not words:
        return
    owner, group = ("", words[0]) if program == "chgrp" else [*re.split("[:.]", words[0], maxsplit=1), ""][:2]
    for path in _plain_paths(words[1:]):
        known = facts.owners.get(path, ("root", "root"))
        facts.owners[path] = (owner or known[0], group or known[1])


_MODE = re.compile(r"0?[0-7]{3,4}$|[ugoa]*[+=-][rwxXst]+(,[ugoa]*[+=-][rwxXst]+)*$")


def _read_mode(arguments: Sequence[str], facts: Facts) -> None:
    words = [argument for argument in arguments if _MODE.match(argument) or not argument.startswith("-")]
    if not words or not _MODE.match(words[0]):
        return
    for path in _plain_paths(words[1:]):
        facts.modes[path] = words[0]


def _read_override(arguments: Sequence[str], facts: Facts) -> None:
    words = [argument for argument in arguments if not argument.startswith("-")]
    if "--add" in arguments and len(words) == 4:
        owner, group, mode, path = words
        facts.owners[path] = (owner, group)
        facts.modes[path] = mode


def _read_capability(arguments: Sequence[str], facts: Facts) -> None:
    words = [argument for argument in arguments if not argument.startswith("-")]
    if len(words) >= 2:
        for path in _plain_paths(words[1:]):
            facts.capabilities[path] = words[0]


def apply_mode(mode: int, change: str) -> int:
    """Apply a chmod(1) mode, octal or symbolic, to `mode`."""
    if change.isdigit():
        return int(change, 8)
    for clause in change.split(","):
        match = re.match(r"([ugoa]*)([+=-])([rwxXst]+)$", clause)
        if match is None:
            continue
        who, operator, letters = match.groups()
        bits = _mode_bits(who or "a", letters)
        if operator == "+":
            mode |= bits
        elif operator == "-":
            mode &= ~bits
        else:
            mode = mode & ~_mode_bits(who or "a", "rwxst") | bits
    return mode


def _mode_bits(who: str, letters: str) -> int:
    bits = 0
    everyone = "a" in who
    for person, shift, special in (("u", 6, 0o4000), ("g", 3, 0o2000), ("o", 0, 0)):
        if not everyone and person not in who:
            continue
        for letter in letters:
            bits |= {"r": 4, "w": 2, "x": 1, "X": 1}.get(letter, 0) << shift
            if letter == "s":
                bits |= special
    if "t" in letters:
        bits |= 0o1000
    return bits
