"""`activate boot`: from an immutable closure and an empty or used disk to a root that PID 1 can start on.

Runs in the initrd's chroot: the root is the target, /usr is the environment already, nothing else runs. It must be
quick (every import counts under emulation) and must not stop a machine from booting: a step that fails is reported,
and the rest still happens.
"""

from __future__ import annotations

from collections.abc import Callable

from osconf.activation import etc, journal
from osconf.activation.accounts import read_accounts
from osconf.activation.closure import Closure, read_closure
from osconf.activation.machine import (
    apply_accounts,
    link_service_extras,
    make_base_directories,
    mark_updated,
    set_current_system,
    write_machine_id,
)
from osconf.activation.scripts import run_scripts
from osconf.activation.wrappers import FOLDER, apply_wrappers
from osconf.errors import OsconfError
from osconf.host.protocol import Host

Report = Callable[[str], None]


def activate_boot(host: Host, system: str, report: Report) -> int:
    """Activate a closure before PID 1 starts; returns 0, or 4 when a step failed."""
    files = host.files
    closure = read_closure(files, system)
    failed: list[str] = []

    def attempt(name: str, step: Callable[[], object]) -> None:
        try:
            step()
        except (OSError, OsconfError, ValueError, KeyError) as error:
            report(f"{name}: {error}")
            failed.append(name)

    attempt("directories", lambda: make_base_directories(files))
    attempt("current-system", lambda: set_current_system(files, closure.path))
    if not files.lexists("/run/booted-system"):
        attempt("booted-system", lambda: files.link("/run/booted-system", closure.path))
    attempt("machine-id", lambda: write_machine_id(host))
    attempt("service-extras", lambda: link_service_extras(files, closure))
    attempt("etc", lambda: _apply_etc(host, closure, report))
    attempt("users", lambda: _apply_users(host, closure, report))
    attempt("wrappers", lambda: _apply_wrappers(host, closure, report))
    attempt("updated", lambda: mark_updated(files))
    attempt("scripts", lambda: failed.extend(run_scripts(host, closure.scripts, closure.path, "boot", report)))
    attempt("journal", lambda: journal.close_at_boot(files, closure.path, report))
    return 4 if failed else 0


def _apply_etc(host: Host, closure: Closure, report: Report) -> None:
    if etc.is_current(host.files, closure):
        return
    plan = etc.plan_etc(host.files, closure, skip_broken=report)
    etc.apply_etc(host.files, plan, owner_ids=_root_owns, adopt=True, report=report)


def _apply_users(host: Host, closure: Closure, report: Report) -> None:
    accounts = apply_accounts(host, closure, report)
    etc.set_owners(host.files, closure, accounts.owner_ids)


def _apply_wrappers(host: Host, closure: Closure, report: Report) -> None:
    files = host.files
    if not files.is_dir(FOLDER):  # the initrd mounts it; without that, setuid bits would be ignored on /run
        files.make_dirs(FOLDER)
        host.mounts.mount_tmpfs(FOLDER)
    apply_wrappers(files, closure, read_accounts(files, closure.environment.path), report)


def _root_owns(_user: str, _group: str) -> tuple[int, int]:
    return 0, 0
