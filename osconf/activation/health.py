"""Health checks: questions whose answers decide whether a switch stays."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from osconf.activation.closure import HealthCheck
from osconf.host.protocol import Host

_RETRY_SECONDS = 1.0

Report = Callable[[str], None]


def run_checks(host: Host, checks: Iterable[HealthCheck], report: Report) -> tuple[str, ...]:
    """Ask each check until it is content or its time is over; returns what the failed ones said."""
    failures = []
    for check in checks:
        deadline = host.now() + check.timeout
        while True:
            problem = ask(host, check)
            if problem is None:
                report(f"health check {check.name}: good")
                break
            if host.now() >= deadline:
                failures.append(f"{check.name}: {problem}")
                report(f"health check {check.name}: {problem}")
                break
            host.sleep(_RETRY_SECONDS)
    return tuple(failures)


def ask(host: Host, check: HealthCheck) -> str | None:
    """Ask once; returns None when all is well, else what is wrong."""
    match check.kind:
        case "command":
            result = host.run(["/usr/bin/bash", "-c", check.subject], timeout=check.timeout, check=False)
            return None if result.exit_code == 0 else f"the command ended with exit code {result.exit_code}"
        case "http":
            return _ask_http(check)
        case "tcp":
            return _ask_tcp(check)
        case "unit":
            state = host.systemd.list_units().get(check.subject)
            return None if state is not None and state.active == "active" else f"{check.subject} is not active"
        case _:
            return f"there is no kind of check {check.kind}"


def _ask_http(check: HealthCheck) -> str | None:
    try:
        with urlopen(check.subject, timeout=check.timeout) as answer:
            status = answer.status
    except HTTPError as error:
        status = error.code
    except (URLError, OSError, ValueError) as error:
        return f"{check.subject}: {error}"
    wanted = check.status
    good = status == wanted if wanted is not None else status < 400
    return None if good else f"{check.subject} answers {status}"


def _ask_tcp(check: HealthCheck) -> str | None:
    host, _, port = check.subject.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=check.timeout):
            return None
    except (OSError, ValueError) as error:
        return f"{check.subject}: {error}"
