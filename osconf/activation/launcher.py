"""`bin/switch-to-configuration` of a closure: starts its activator as a service of its own, and watches it.

The old system runs this program, so it does little: PID 1 is asked for a transient service in whose namespace /usr is
the *new* environment already, and the service's output is passed on until its result is there. A dropped session
kills this program, not the switch.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from osconf.activation.__main__ import main as run_activator
from osconf.activation.__main__ import report, require_root
from osconf.errors import OsconfError
from osconf.host.files import Files
from osconf.host.protocol import Host, TransientService

_FOLDER = "/run/osconf"
_POLL_SECONDS = 0.1
_LOST_SECONDS = 20.0
_ACTIONS = {
    "switch": "switch",
    "test": "test",
    "boot": "boot-default",
    "dry-activate": "dry-activate",
    "check": "check",
}
_USAGE = """usage: switch-to-configuration ACTION [--adopt] [--confirm SECONDS] [--json] [--no-unit]

  switch         activate and make it the boot default
  boot           make it the boot default
  test           activate
  dry-activate   print what would happen
  check          report what stands in the way
"""


def main(arguments: Sequence[str], system: str) -> int:
    """Run one action for the closure at `system`; returns the exit code."""
    rest = list(arguments)
    if not rest or rest[0] not in _ACTIONS:
        sys.stderr.write(_USAGE)
        return 2
    action = _ACTIONS[rest.pop(0)]
    from osconf.host.real import RealHost

    host = RealHost()
    direct = "--no-unit" in rest
    rest = [argument for argument in rest if argument != "--no-unit"]
    if action not in ("switch", "test") or direct or not host.has_systemd():
        return run_activator([action, *rest, "--system", system], system)
    try:
        require_root(action)
        return run_in_unit(host, [action, *rest], host.files.resolve(system))
    except OsconfError as error:
        report(f"error: {error}")
        if error.hint:
            report(f"hint: {error.hint}")
        return error.exit_code


def run_in_unit(host: Host, arguments: Sequence[str], system: str) -> int:
    """Start the closure's activator as a transient service, pass its output on, return its exit code."""
    files = host.files
    files.make_dirs(_FOLDER)
    identifier = f"{os.getpid()}-{host.random_hex(6)}"
    log, result = f"{_FOLDER}/switch-{identifier}.log", f"{_FOLDER}/switch-{identifier}.json"
    files.write(log, b"", mode=0o600)
    # Resolved: `environment` is a link, and BindReadOnlyPaths= wants the directory itself.
    usr = files.resolve(f"{system}/environment") + "/usr"
    service = TransientService(
        name=f"osconf-switch-{identifier}.service",
        description=f"Activation of {system}",
        argv=("/usr/bin/python3", "-IS", f"{system}/activate", *arguments, "--system", system, "--result", result),
        usr=usr,
        environment={"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin", "SYSTEMD_BUS_TIMEOUT": "300s"},
        output=log,
    )
    host.systemd.start_transient(service)
    waits_for_answer = "--confirm" in arguments and sys.stdin.isatty()
    with open(files.path(log), encoding="utf-8", errors="replace") as output:  # noqa: PTH123
        code = _follow(host, service.name, output, result, waits_for_answer)
    files.remove(log)
    files.remove(result)
    return code


def write_result(files: Files, path: str, exit_code: int) -> None:
    """Leave the exit code where the launcher looks for it."""
    files.write(path, json.dumps({"exitCode": exit_code}).encode(), mode=0o600)


def _follow(host: Host, unit: str, output: TextIO, result: str, waits_for_answer: bool) -> int:
    files = host.files
    lost_since: float | None = None
    while True:
        ended = files.exists(result)
        sys.stderr.write(output.read())
        sys.stderr.flush()
        if ended:
            return int(json.loads(files.read_bytes(result))["exitCode"])
        if waits_for_answer and select.select([sys.stdin], [], [], 0)[0]:
            sys.stdin.readline()
            run_activator(["confirm"])
        # Only a service that is gone for a while is lost: PID 1 answers nothing while it is re-executed.
        if lost_since is None or time.monotonic() - lost_since > 1:
            if _is_alive(host, unit):
                lost_since = None
            elif lost_since is None:
                lost_since = time.monotonic()
            elif time.monotonic() - lost_since > _LOST_SECONDS:
                report(f"{unit} ended without a result; `journalctl -u {unit}` may tell why")
                return 4
        time.sleep(_POLL_SECONDS)


def _is_alive(host: Host, unit: str) -> bool:
    """Is there still a process in the service's control group?"""
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        path = f"{folder}/system.slice/{unit}/cgroup.procs"
        if host.files.exists(path):
            return bool(host.files.read_text(path, "").strip())
    return False
