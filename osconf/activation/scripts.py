"""The user's activation scripts: order by dependency, run by bash, a failure named."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from osconf.activation.closure import Script
from osconf.errors import ActivationError
from osconf.host.protocol import Host

_TAIL_LINES = 10

Report = Callable[[str], None]


def order_scripts(scripts: Iterable[Script]) -> list[Script]:
    """Return the scripts so that each comes after its dependencies, otherwise by name; raises on a cycle.

    A dependency on a name that does not exist is ignored: it may be one of the built-in steps (`users`, `etc`, …),
    which always come before.
    """
    by_name = {script.name: script for script in sorted(scripts, key=lambda script: script.name)}
    ordered: list[Script] = []
    state: dict[str, bool] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name):
            return
        if name in trail:
            cycle = " -> ".join((*trail[trail.index(name) :], name))
            raise ActivationError(f"activation scripts depend on each other: {cycle}", code="script-cycle")
        for dependency in sorted(by_name[name].deps):
            if dependency in by_name:
                visit(dependency, (*trail, name))
        state[name] = True
        ordered.append(by_name[name])

    for name in by_name:
        visit(name, ())
    return ordered


def run_scripts(host: Host, scripts: Iterable[Script], system: str, action: str, report: Report) -> tuple[str, ...]:
    """Run all scripts, also after one failed; returns the names of those that failed."""
    failed = []
    for script in order_scripts(scripts):
        if not script.text.strip():
            continue
        environment = {"systemConfig": system, "OSCONF_ACTION": action, "HOME": "/root"}
        result = host.run(["/usr/bin/bash", "-c", script.text, script.name], env=environment, check=False)
        lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
        for line in lines if result.exit_code == 0 else lines[-_TAIL_LINES:]:
            report(f"{script.name}: {line}")
        if result.exit_code != 0:
            report(f"activation script {script.name} failed with exit code {result.exit_code}")
            failed.append(script.name)
    return tuple(failed)
