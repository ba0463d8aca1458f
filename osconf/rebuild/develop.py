"""`osconf shell FILE`: the environment in which a derivation is built, for a person to work in.

The same /usr, variables and functions as the builder has, but the person's own files, identity and network.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from osconf.build.attributes import BUILD_DIR, prepare_input
from osconf.build.placeholders import real_text
from osconf.environment.shell import ShellRequest, plan_shell
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.sandbox.run import run_in_sandbox

if TYPE_CHECKING:
    from osconf.rebuild.configuration import Instantiated
    from osconf.rebuild.session import Session
    from osconf.store.local import LocalStore

_BASH = "/usr/bin/bash"
_RC = """\
{own_settings}
onlyFunctions=1
{setup}
unset onlyFunctions
set +e +o pipefail
{phases}
PS1='[{name}:\\w]\\$ '
eval "${{shellHook:-}}"
"""
_PHASES = """\
for phase in unpack patch configure build check install fixup; do
  declare -F "${phase}Phase" > /dev/null || eval "${phase}Phase() { default_${phase}Phase \\"\\$@\\"; }"
done
unset phase"""
# What only the builder itself is told.
_NOT_FOR_PEOPLE = frozenset(("args", "builder", "system", "HOME", "TMPDIR", "TEMP", "TMP", "TEMPDIR"))


def enter_build(session: Session, wanted: Instantiated, command: str | None, *, is_pure: bool) -> int:
    """Build what a derivation needs, and run a command or an interactive shell as its builder would run."""
    store = session.store
    drv = store.read_derivation(wanted.path)
    environment = _attribute(drv, "osconfEnvironment")
    if not environment:
        raise BuildError(
            f"the derivation '{drv.name}' has no environment to work in",
            drv=wanted.path,
            code="no-environment",
            hint="make it with mkShell, stdenv.mkDerivation or runCommand",
        )
    session.realise([f"{path}!{','.join(sorted(names))}" for path, names in drv.input_derivations.items()])
    given = prepare_input(cast("LocalStore", store), wanted.path, drv)
    with tempfile.TemporaryDirectory(prefix="osconf-shell-") as scratch:
        for name, content in given.files.items():
            Path(scratch, name).write_bytes(content)
        variables = {
            name: value.replace(BUILD_DIR, scratch) if given.files else value
            for name, value in given.env.items()
            if name not in _NOT_FOR_PEOPLE
        }
        rc = Path(scratch, "rc")
        rc.write_text(render_rc(drv, variables, is_pure=is_pure), encoding="utf-8", errors="surrogateescape")
        line = f". {shlex.quote(str(rc))}; {command}"
        request = ShellRequest(
            store.real_path(environment),
            (_BASH, "--rcfile", str(rc), "-i") if command is None else (_BASH, "-c", line),
            dict(os.environ),
            Path.cwd(),
            store=(store.real_path(session.store_dir), session.store_dir),
            pure=is_pure,
        )
        spec = plan_shell(request, uid=os.getuid(), gid=os.getgid())
        variables["PATH"] = ":".join(part for part in (variables.get("PATH"), spec.env["PATH"]) if part)
        kind = "pure" if is_pure else "impure"
        return run_in_sandbox(replace(spec, env={**spec.env, **variables, "IN_NIX_SHELL": kind})).exit_code


def render_rc(drv: Derivation, variables: Mapping[str, str], *, is_pure: bool) -> str:
    """What bash reads first: the functions of builds, and `shellHook`."""
    setup = ""
    if "stdenv" in variables:
        setup = f". {shlex.quote(variables['stdenv'])}/setup"
    elif drv.args and drv.args[-1].endswith("-setup.sh"):
        setup = f". {shlex.quote(real_text(drv.args[-1]))}"
    return _RC.format(
        own_settings="" if is_pure else '[ -z "${PS1-}" ] || [ ! -r ~/.bashrc ] || . ~/.bashrc',
        setup=setup,
        phases=_PHASES if setup else "",
        name=drv.name,
    )


def _attribute(drv: Derivation, name: str) -> str:
    if drv.structured is not None:
        return str(drv.structured.get(name) or "")
    return drv.env.get(name, "")
