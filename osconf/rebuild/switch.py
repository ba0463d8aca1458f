"""Building a configuration's system and making a machine run it; the closure's own activator does the change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.errors import OsconfError
from osconf.host.process import start_program
from osconf.rebuild.configuration import instantiate_configuration

if TYPE_CHECKING:
    from osconf.rebuild.remote import Target
    from osconf.rebuild.session import Session

CURRENT_SYSTEM = Path("/osconf/current-system")
ACTIVATOR = "bin/switch-to-configuration"
PROFILES = "/osconf/var/profiles"

# The command -> what the closure's activator is told.
ACTIONS = {"switch": "switch", "boot": "boot", "test": "test", "plan": "dry-activate", "check": "check"}


def build_system(session: Session, configuration: Path, specialisation: str | None = None) -> str:
    """Build the system of a configuration; its store path."""
    (system,) = session.build([instantiate_configuration(session, configuration, "system")])
    if specialisation is None:
        return system
    inner = session.store.real_path(f"{system}/specialisation/{specialisation}")
    if not inner.is_symlink():
        folder = inner.parent
        known = ", ".join(sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else "none"
        raise OsconfError(
            f"the system has no specialisation {specialisation}", code="no-specialisation", hint=f"there are: {known}"
        )
    return str(inner.readlink())


def perform(session: Session, system: str, command: str, target: Target | None, options: Sequence[str] = ()) -> int:
    """Let the system's activator act, here or on the target; gives its exit code."""
    words = [f"{system}/{ACTIVATOR}", ACTIONS[command], *options]
    if target is not None:
        target.copy_closure(session.store, [system])
        return target.run(words)
    require_osconf_machine(session)
    # The activator reads the store as the system sees it: what was built must be registered and synced by now.
    session.store.flush()
    return start_program(words).wait()


def roll_back(target: Target | None, session: Session) -> int:
    """Activate the previous generation with its own activator; no evaluation, no network."""
    if target is not None:
        return target.run(["osconf", "rollback"])
    require_osconf_machine(session)
    from osconf.activation.generations import find_previous
    from osconf.host.files import Files
    from osconf.rebuild.generations import switch_to_generation

    return switch_to_generation(session, find_previous(Files()).number)


def require_osconf_machine(session: Session) -> None:
    """Refuse to switch a machine that osconf does not run."""
    if session.root != Path("/"):
        raise OsconfError(
            f"a switch needs the machine's own store, not the one below {session.root}",
            code="not-the-machine",
            hint="leave --store and OSCONF_STORE out, or use --target-host",
        )
    if not CURRENT_SYSTEM.exists():
        raise OsconfError(
            "this machine does not run osconf: there is no /osconf/current-system",
            code="not-osconf",
            hint="try the configuration with `osconf build-vm`, or activate it elsewhere with `--target-host HOST`",
        )
