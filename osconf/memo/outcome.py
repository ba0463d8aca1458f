"""What calls of the program printed, kept with the evidence for it.

Loaded before anything else by every call of the program: no import here that takes time.
"""

from __future__ import annotations

import os
import sys

from osconf.lang.cache import DiskCache
from osconf.memo.evidence import Evidence

TYPE_CHECKING = False  # As `typing` has it, which takes longer to load than all that is loaded here.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SWITCH = "OSCONF_MEMO"
"""The variable that is set to 0 to keep and repeat nothing."""
IGNORED_VARIABLES = frozenset({"_", "SHLVL", "OLDPWD"})
"""Variables that shells change all the time."""
_FORMAT = "3"
"""Part of every key: count up when what is kept, or looked at, changes."""
_MAX_BYTES = 64 << 20
_BOOT = "/proc/sys/kernel/random/boot_id"
"""Another one after every start: a power cut may keep what was written to a file, and lose when."""
_START = 10
"""Seconds that the program may take from reading its own files to writing evidence down."""


class Memo:
    """The outcomes of this user's calls."""

    def __init__(self, folder: str) -> None:
        self._cache = DiskCache(folder, max_bytes=_MAX_BYTES)

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> Memo | None:
        """That of an environment; None when it is switched off, or there is no place for it."""
        home, base = environment.get("HOME"), environment.get("XDG_CACHE_HOME")
        if environment.get(SWITCH) == "0" or not (base or home):
            return None
        return cls(f"{base or f'{home}/.cache'}/osconf/outcomes")

    def recall(self, arguments: Sequence[str], environment: Mapping[str, str]) -> bytes | None:
        """What a call would print; None when that must be found out."""
        key = self._key(arguments, environment)
        found = key and self._cache.load(key)
        if not found:
            return None
        output, data = found
        return output if Evidence.from_data(data).holds() else None

    def keep(self, arguments: Sequence[str], environment: Mapping[str, str], output: bytes, evidence: Evidence) -> None:
        """Keep what a call printed, if it would be repeated now."""
        key = self._key(arguments, environment)
        _add_program(evidence)
        if key and evidence.holds():
            self._cache.save(key, (output, evidence.to_data()))
            self._cache.prune()

    def _key(self, arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
        """What tells calls apart: the words, who says them, where, as what platform, and the whole environment."""
        try:
            folder = os.getcwd()  # noqa: PTH109
        except OSError:
            return None
        variables = (f"{name}={value}" for name, value in environment.items() if name not in IGNORED_VARIABLES)
        people = f"{os.geteuid()} {os.getegid()} {os.getgroups()}"
        # The platform is not the same for all of a machine's processes: setarch(8).
        machine = f"{os.uname().machine} {_read_boot()}"
        program = (_FORMAT, __file__, sys.executable, machine)
        return self._cache.key((*program, folder, people, *arguments, "", *sorted(variables)))


def _read_boot() -> str:
    try:
        with open(_BOOT) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def _add_program(evidence: Evidence) -> None:
    """The files of the program itself, but for Python's own, whose version is part of every key."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and (not file.startswith(library) or "-packages/" in file):
            stamp = evidence.content(file)
            if stamp is None or stamp[4] > (evidence.began - _START) * 1e9:
                evidence.object(f"{file} was changed just now")
