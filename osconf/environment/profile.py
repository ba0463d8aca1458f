"""`builtin:profile`: what a user's profile leads to, a directory of commands that start in an environment of their own.

    bin/NAME           a script that enters the environment and becomes NAME there
    share              what the environment has in /usr/share: manual pages, completions
    environment        the merged /usr
    manifest.json      what was asked for (`osconf profile list`)
    osconf.lock        the state of the archive that the packages came from

All links are relative: a profile works wherever the store is.
"""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.errors import BuildError

if TYPE_CHECKING:
    from osconf.environment.builders import BuildRequest

MANIFEST, LOCK = "manifest.json", "osconf.lock"
_PROGRAM_DIRECTORIES = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/games")
_ENTER = "share/osconf/enter"

_SCRIPT = """\
#!/bin/sh
# Runs {name} in the environment of the profile.
self=$0
[ ! -L "$self" ] || self=$(readlink -f -- "$self")
store=$(cd -P -- "${{self%/*}}/../.." && pwd -P) || exit 126
python=$store/{python}/usr
exec "$python/{loader}" --library-path "$python/{libraries}" --argv0 "$python/{interpreter}" \\
  "$python/{interpreter}" -I -S "$store/{launcher}" "$store/{environment}" {store_dir} {program} "$@"
"""


@dataclass(frozen=True)
class Interpreter:
    """The Python that starts commands, and how it is started where there may be no other: paths below usr/."""

    interpreter: str
    loader: str
    libraries: str


@dataclass(frozen=True)
class ProfileSource:
    """An element of a profile: the trees whose programs it offers, and those to take when these have none."""

    name: str
    paths: tuple[str, ...]
    otherwise: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProfileSource:
        return cls(data["name"], tuple(data["paths"]), tuple(data.get("otherwise", ())))


def find_interpreter(root: Path) -> Interpreter:
    """Look for Python and the dynamic loader in an environment."""
    usr = root / "usr"
    interpreters = sorted(usr.glob("bin/python3.*[0-9]"))
    loaders = sorted([*usr.glob("lib64/ld-linux*.so.*"), *usr.glob("lib/ld-linux*.so.*"), *usr.glob("lib/*/ld-linux*")])
    libraries = sorted(usr.glob("lib/*-linux-gnu*/libc.so.6"))
    if not (interpreters and loaders and libraries):
        raise BuildError(f"the environment {root} holds no Python to start commands with", code="no-launcher")
    found = (interpreters[0], loaders[0], libraries[0].parent)
    return Interpreter(*(str(place.relative_to(usr)) for place in found))


def find_commands(source: ProfileSource, environment: Path, real_path: Any) -> dict[str, str]:
    """Command name → the path inside the environment; only what the environment really has."""
    for paths in (source.paths, source.otherwise):
        found: dict[str, str] = {}
        for path in paths:
            found.update(_commands_of(real_path(path), environment))
        if found:
            return found
    return {}


def _commands_of(tree: Path, environment: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for directory in _PROGRAM_DIRECTORIES:
        place = tree / directory
        if not place.is_dir():
            continue
        for entry in sorted(place.iterdir()):
            # A view's programs are links to where they are in the environment; those of a built tree join its /usr/bin.
            target = str(entry.readlink()) if entry.is_symlink() else ""
            offered = target if target.startswith("/usr/") else f"/usr/{directory.removeprefix('usr/')}/{entry.name}"
            if (environment / offered.lstrip("/")).is_symlink() or (environment / offered.lstrip("/")).is_file():
                found.setdefault(entry.name, offered)
    return found


def choose_commands(sources: Iterable[ProfileSource], environment: Path, real_path: Any) -> dict[str, str]:
    """The commands of all elements; of two with one name the element that was added first has it."""
    commands: dict[str, str] = {}
    for source in sources:
        for name, path in find_commands(source, environment, real_path).items():
            commands.setdefault(name, path)
    return commands


@dataclass(frozen=True)
class ProfileBuilder:
    """Makes a profile of `environment` and `sources` (a list of {name, paths, otherwise})."""

    version: str = "1"

    def __call__(self, request: BuildRequest) -> Any:
        """Build the output; it refers to the environment and what starts commands in it."""
        from osconf.environment.builders import DeclaredReferences

        environment, python, launcher = (request.text(key) for key in ("environment", "python", "launcher"))
        sources = [ProfileSource.from_json(item) for item in request.json("sources", [])]
        commands = choose_commands(sources, request.real_path(environment), request.real_path)
        interpreter = find_interpreter(request.real_path(python))
        store_dir = posixpath.dirname(environment)
        places = {
            "python": posixpath.basename(python),
            "interpreter": interpreter.interpreter,
            "loader": interpreter.loader,
            "libraries": interpreter.libraries,
            "launcher": f"{posixpath.basename(launcher)}/{_ENTER}",
            "environment": posixpath.basename(environment),
            "store_dir": shlex.quote(store_dir),
        }
        out = request.out
        (out / "bin").mkdir(parents=True)
        for name, program in sorted(commands.items()):
            script = out / "bin" / name
            script.write_text(_SCRIPT.format(name=name, program=shlex.quote(program), **places), encoding="utf-8")
            script.chmod(0o755)
        (out / "environment").symlink_to(f"../{places['environment']}")
        (out / "share").symlink_to("environment/usr/share")
        manifest = {**request.json("manifest", {}), "commands": commands}
        (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        (out / LOCK).write_text(request.text("lock", ""), encoding="utf-8")
        return DeclaredReferences({"out": frozenset({environment, python, launcher})})
