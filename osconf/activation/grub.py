"""GRUB's two files: grub.cfg as text, grubenv as its block of 1024 bytes.

The default entry stands in grubenv (`saved_entry`). A new default starts on trial: GRUB counts `osconf_tries` down at
each boot and falls back to `osconf_good` at zero, until `bless-boot` takes the trial away.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from osconf.activation.closure import BootLoader

_ENV_SIZE = 1024
_ENV_HEADER = "# GRUB Environment Block\n"
TRIES = 3


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry: `search` are the arguments of GRUB's search command for the disk with the two files."""

    identifier: str
    title: str
    kernel: str
    initrd: str
    parameters: tuple[str, ...]
    search: tuple[str, ...] = ()


def entry_identifier(number: int) -> str:
    """Return the menu id of a generation."""
    return f"osconf-{number}"


def render_config(entries: Sequence[MenuEntry], default: str, loader: BootLoader) -> str:
    """Return grub.cfg for the entries in menu order."""
    timeout = -1 if loader.timeout is None else loader.timeout
    lines = ["# Written by osconf at every switch; changes belong into boot.loader.grub of the configuration.", ""]
    if loader.serial:
        lines += [
            "serial --unit=0 --speed=115200",
            "terminal_input serial console",
            "terminal_output serial console",
        ]
    lines += [
        f"set default={_quote(default)}",
        f"set timeout={timeout}",
        "if [ -s $prefix/grubenv ]; then",
        "  load_env",
        "fi",
        'if [ "${next_entry}" ]; then',
        '  set default="${next_entry}"',
        "  set next_entry=",
        "  save_env next_entry",
        'elif [ "${saved_entry}" ]; then',
        '  set default="${saved_entry}"',
        "fi",
        'if [ "${osconf_trial}" -a "${osconf_trial}" = "${default}" ]; then',
        *_render_countdown(),
        "fi",
    ]
    for text in (loader.extra_config, loader.extra_prepare_config):
        lines += text.splitlines()
    for entry in entries:
        lines += ["", *_render_entry(entry)]
    if loader.extra_entries:
        lines += ["", *loader.extra_entries.splitlines()]
    return "\n".join(lines) + "\n"


def find_search(parameters: Sequence[str]) -> tuple[str, ...]:
    """Return the search arguments for the root file system that a kernel command line names."""
    root = next((item.removeprefix("root=") for item in parameters if item.startswith("root=")), "")
    return search_arguments(root)


def search_arguments(tag: str) -> tuple[str, ...]:
    """Turn `LABEL=x`, `UUID=x` or a link of /dev/disk into search arguments; a plain device gives none."""
    for prefix, option in (
        ("LABEL=", "--label"),
        ("UUID=", "--fs-uuid"),
        ("/dev/disk/by-label/", "--label"),
        ("/dev/disk/by-uuid/", "--fs-uuid"),
    ):
        if tag.startswith(prefix):
            return (option, tag.removeprefix(prefix).strip('"'))
    return ()


def parse_environment(block: bytes) -> dict[str, str]:
    """Return the variables of a grubenv block."""
    variables = {}
    for line in block.decode("utf-8", "replace").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            variables[name] = value
    return variables


def render_environment(variables: Mapping[str, str]) -> bytes:
    """Return the grubenv block; variables without a value are left out."""
    text = _ENV_HEADER + "".join(f"{name}={value}\n" for name, value in sorted(variables.items()) if value)
    data = text.encode()
    if len(data) > _ENV_SIZE:
        raise ValueError("grubenv has no room for its variables")
    return data.ljust(_ENV_SIZE, b"#")


def start_trial(variables: Mapping[str, str], default: str, *, counted: bool) -> dict[str, str]:
    """Return the variables with a new default, on trial when `counted` and a good entry is known."""
    result = {**variables, "saved_entry": default}
    good = variables.get("osconf_good", "")
    if counted and good and good != default:
        return {**result, "osconf_trial": default, "osconf_tries": str(TRIES)}
    return {**result, "osconf_trial": "", "osconf_tries": ""}


def bless(variables: Mapping[str, str], running: str) -> dict[str, str]:
    """Return the variables after the running entry proved good."""
    result = {**variables, "osconf_good": running}
    if variables.get("osconf_trial") == running:
        result |= {"osconf_trial": "", "osconf_tries": ""}
    return result


def _render_countdown() -> list[str]:
    lines = []
    for tries in range(TRIES, 0, -1):
        word = "if" if tries == TRIES else "elif"
        lines += [f'  {word} [ "${{osconf_tries}}" = "{tries}" ]; then', f"    set osconf_tries={tries - 1}"]
    return [*lines, "  else", '    set default="${osconf_good}"', "  fi", "  save_env osconf_tries"]


def _render_entry(entry: MenuEntry) -> list[str]:
    search = (
        [f"  search --no-floppy --set=root {' '.join(_word(item) for item in entry.search)}"] if entry.search else []
    )
    parameters = " ".join(_word(item) for item in entry.parameters)
    return [
        f"menuentry {_quote(entry.title)} --class osconf --id {_word(entry.identifier)} {{",
        *search,
        f"  linux {_word(posixpath.normpath(entry.kernel))} {parameters}".rstrip(),
        f"  initrd {_word(posixpath.normpath(entry.initrd))}",
        "}",
    ]


def _word(text: str) -> str:
    safe = all(character.isalnum() or character in "/._-+=:,@%" for character in text)
    return text if safe and text else _quote(text)


def _quote(text: str) -> str:
    """Quote for GRUB's shell: single quotes take everything but themselves."""
    return "'" + text.replace("'", "'\\''") + "'"
