"""Steps that boot, installation and a live switch share: base directories, machine id, accounts, service extras."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from osconf.activation.accounts import Accounts
from osconf.activation.closure import Closure
from osconf.activation.passwords import LibcryptHasher
from osconf.activation.users import apply_users
from osconf.host.files import Files
from osconf.host.protocol import Host

CURRENT = "/osconf/current-system"
_DIRECTORIES = (
    ("/etc", 0o755),
    ("/var", 0o755),
    ("/var/log", 0o755),
    ("/var/lib", 0o755),
    ("/var/cache", 0o755),
    ("/var/tmp", 0o1777),
    ("/var/empty", 0o555),
    ("/tmp", 0o1777),
    ("/root", 0o700),
    ("/home", 0o755),
    ("/mnt", 0o755),
    ("/boot", 0o755),
    ("/run", 0o755),
    ("/proc", 0o755),
    ("/sys", 0o755),
    ("/dev", 0o755),
    ("/usr", 0o755),
    ("/osconf/var/activation", 0o755),
    ("/osconf/var/profiles", 0o755),
)
_LINKS = (
    ("/var/run", "/run"),
    ("/var/lock", "/run/lock"),
    ("/bin", "usr/bin"),
    ("/sbin", "usr/sbin"),
    ("/lib", "usr/lib"),
    ("/lib64", "usr/lib64"),
)
_SYSUSERS = "/usr/bin/systemd-sysusers"

Report = Callable[[str], None]


def make_base_directories(files: Files) -> None:
    """Make the directories and links that every root has; what exists is left alone."""
    for path, mode in _DIRECTORIES:
        if not files.lexists(path):
            files.make_dirs(path, mode)
            files.set_mode(path, mode)
    for path, target in _LINKS:
        if not files.lexists(path):
            files.link(path, target)


def set_current_system(files: Files, system: str) -> None:
    """Let the two conventional names of the running system lead to `system`."""
    files.link(CURRENT, posixpath.relpath(system, "/osconf"), sync=True)
    if files.is_dir("/run"):
        files.link("/run/current-system", system)


def write_machine_id(host: Host) -> None:
    """Give the machine an id unless it has one; PID 1 takes a missing one for a first boot and applies presets."""
    files = host.files
    if files.read_text("/etc/machine-id", "").strip() in ("", "uninitialized"):
        if files.is_link("/etc/machine-id"):
            files.remove("/etc/machine-id")
        files.write("/etc/machine-id", host.random_hex(32).encode() + b"\n", mode=0o444, sync=True)


def mark_updated(files: Files) -> None:
    """Satisfy ConditionNeedsUpdate=: what those units would do was done when the environment was built."""
    for path in ("/etc/.updated", "/var/.updated"):
        if not files.lexists(path):
            files.write(path, b"")


def link_service_extras(files: Files, closure: Closure) -> None:
    """Let sysusers and tmpfiles also see what the packages of services' own environments declare."""
    wanted = {}
    for environment in closure.service_environments:
        for kind in ("sysusers", "tmpfiles"):
            source = f"{environment}/usr/lib/{kind}.d/osconf-packages.conf"
            if files.exists(source):
                name = posixpath.basename(environment)
                wanted[f"/run/{kind}.d/osconf-service-{name}.conf"] = source
    for kind in ("sysusers", "tmpfiles"):
        for name in files.list_dir(f"/run/{kind}.d"):
            path = f"/run/{kind}.d/{name}"
            if name.startswith("osconf-service-") and path not in wanted:
                files.remove(path)
    for path, source in wanted.items():
        files.make_dirs(posixpath.dirname(path))
        files.link(path, source)


def apply_accounts(host: Host, closure: Closure, report: Report) -> Accounts:
    """Bring users and groups in line with the closure, packages' users included."""

    def run_sysusers() -> None:
        if not host.files.exists(_SYSUSERS):
            report("systemd-sysusers is missing: users of packages are not made")
            return
        result = host.run([_SYSUSERS], check=False)
        if result.exit_code != 0:
            report(f"systemd-sysusers: {result.stderr.decode(errors='replace').strip()}")

    return apply_users(host.files, closure, run_sysusers=run_sysusers, hasher=LibcryptHasher(), report=report)
