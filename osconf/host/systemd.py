"""PID 1 over D-Bus, by pystemd.

As root it talks to systemd's private socket, so it works while the message bus is dead or not there yet; others use the
system bus. Jobs are followed by their signals and, because a re-executed PID 1 forgets whom to tell, by looking.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from osconf.errors import OsconfError
from osconf.host.protocol import JobResult, TransientService, UnitState

_NAME = b"org.freedesktop.systemd1"
_PATH = b"/org/freedesktop/systemd1"
_MANAGER = b"org.freedesktop.systemd1.Manager"
_PRIVATE_SOCKET = "/run/systemd/private"
_ARCHIVE_PYTHON = "/usr/lib/python3/dist-packages"
_METHODS = {
    "start": b"StartUnit",
    "stop": b"StopUnit",
    "restart": b"RestartUnit",
    "reload": b"ReloadOrTryRestartUnit",
}
_REEXECUTE_SIGNAL = 34 + 25  # SIGRTMIN+25 of glibc, systemd(1)
_POLL_SECONDS = 1.0
_RECONNECT_SECONDS = 90.0
_MS_REC = 0x4000


class SystemdError(OsconfError):
    """PID 1 cannot be asked, or refuses."""

    code = "systemd-error"


class BusManager:
    """The system's service manager."""

    def __init__(self) -> None:
        # libsystemd gives up on a call after 25 s; under emulation a daemon-reload may take longer.
        os.environ.setdefault("SYSTEMD_BUS_TIMEOUT", "300s")
        if _ARCHIVE_PYTHON not in sys.path:
            sys.path.append(_ARCHIVE_PYTHON)  # the activator runs without site packages
        try:
            from pystemd import dbuslib
            from pystemd.systemd1.unit_signatures import signature_array
        except ImportError as missing:
            raise SystemdError(
                f"talking to systemd needs pystemd: {missing}",
                hint="the system's environment must hold python3-pystemd",
            ) from None
        self._library: Any = dbuslib
        self._signature_array: Any = signature_array
        self._bus: Any = None

    # -- SystemdManager ----------------------------------------------------------------------------------------------

    def list_units(self) -> dict[str, UnitState]:
        """Return every loaded unit by name."""
        units = {}
        for name, _description, load, active, sub, *_rest in self._call(b"ListUnits") or ():
            units[name.decode()] = UnitState(name.decode(), active.decode(), sub.decode(), load.decode())
        return units

    def run_jobs(self, verb: str, units: Sequence[str], timeout: float) -> tuple[JobResult, ...]:
        """Enqueue all jobs, then wait for each to be removed from the queue."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(SystemdError):
            self._call(b"Subscribe")
        results: dict[str, str] = {}
        waiting: dict[bytes, str] = {}
        for unit in units:
            try:
                job = self._call(_METHODS[verb], b"ss", [unit.encode(), b"replace"])
                waiting[job] = unit
            except SystemdError as error:
                results[unit] = f"refused: {error}"
        while waiting and time.monotonic() < deadline:
            self._collect(waiting, results, verb, min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        for unit in waiting.values():
            results[unit] = "deadline"
        return tuple(JobResult(unit, verb, results[unit]) for unit in units)

    def daemon_reload(self) -> None:
        """Read all unit files again; returns when it is done (user managers are only told)."""
        self._call(b"Reload")
        self._signal_user_managers(self.list_units(), signal.SIGHUP)

    def reexecute(self) -> None:
        """Re-execute PID 1 and the user managers; returns when PID 1 answers again."""
        # There is no answer: the connection ends with the old process image.
        with contextlib.suppress(SystemdError):
            self._call(b"Reexecute")
        self._close()
        deadline = time.monotonic() + _RECONNECT_SECONDS
        while True:
            try:
                names = self.list_units()
                break
            except SystemdError:
                self._close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        self._signal_user_managers(names, _REEXECUTE_SIGNAL)

    def reset_failed(self, units: Iterable[str]) -> None:
        """Forget failures; units that are not loaded have none."""
        for unit in units:
            with contextlib.suppress(SystemdError):
                self._call(b"ResetFailedUnit", b"s", [unit.encode()])

    def main_status(self, unit: str) -> int:
        """Return ExecMainStatus of a service."""
        path = self._call(b"LoadUnit", b"s", [unit.encode()])
        interface = b"org.freedesktop.systemd1.Service"
        try:
            return int(self._connect().get_property(_NAME, path, interface, b"ExecMainStatus", b"i") or 0)
        except Exception as error:
            raise self._explain(error) from None

    def start_transient(self, service: TransientService) -> None:
        """Start a service that is gone with its program, also when that fails."""
        argv = [argument.encode() for argument in service.argv]
        properties: dict[bytes, Any] = {
            b"Description": service.description.encode(),
            b"Type": b"exec",
            b"CollectMode": b"inactive-or-failed",
            b"ExecStart": [(argv[0], argv, False)],
            b"Environment": [f"{name}={value}".encode() for name, value in service.environment.items()],
            b"PrivateMounts": True,
            b"KillMode": b"mixed",
        }
        if service.usr is not None:
            properties[b"BindReadOnlyPaths"] = [(service.usr.encode(), b"/usr", False, _MS_REC)]
        if service.output is not None:
            for key in (b"StandardOutputFileToAppend", b"StandardErrorFileToAppend"):
                properties[key] = service.output.encode()
        arguments = self._library.apply_signature(b"ss", [service.name.encode(), b"fail"])
        arguments += self._signature_array(properties)
        arguments += [(ord("a"), b"(sa(sv))"), (-1, None)]
        self._call_raw(b"StartTransientUnit", arguments)

    # -- the bus -----------------------------------------------------------------------------------------------------

    def _collect(self, waiting: dict[bytes, str], results: dict[str, str], verb: str, seconds: float) -> None:
        """Take the signals that are there; without any for a while, look which jobs are gone."""
        bus = self._connect()
        try:
            if self._take_signals(bus, waiting, results) or not waiting:
                return
            began = time.monotonic()
            bus.wait(int(seconds * 1_000_000))
            if time.monotonic() - began < seconds * 0.9:
                return  # something arrived: signals first, they know the result best
        except Exception:
            self._close()  # PID 1 was re-executed meanwhile
        self._look_for_ended_jobs(waiting, results, verb)

    @staticmethod
    def _take_signals(bus: Any, waiting: dict[bytes, str], results: dict[str, str]) -> bool:
        seen = False
        for _ in range(200):
            message = bus.process()
            if message.is_empty():
                break
            seen = True
            if message.is_signal(_MANAGER, b"JobRemoved"):
                message.process_reply(False)
                _identifier, job, _unit, result = message.body
                if job in waiting:
                    results[waiting.pop(job)] = result.decode()
        return seen

    def _look_for_ended_jobs(self, waiting: dict[bytes, str], results: dict[str, str], verb: str) -> None:
        running = {entry[4] for entry in self._call(b"ListJobs") or ()}
        ended = [job for job in waiting if job not in running]
        if not ended:
            return
        states = self.list_units()
        for job in ended:
            unit = waiting.pop(job)
            state = states.get(unit)
            failed = state is not None and state.active == "failed" and verb != "stop"
            results[unit] = "failed" if failed else "done"

    def _signal_user_managers(self, units: Iterable[str], number: int) -> None:
        for name in units:
            if name.startswith("user@") and name.endswith(".service"):
                with contextlib.suppress(SystemdError):
                    self._call(b"KillUnit", b"ssi", [name.encode(), b"main", int(number)])

    def _call(self, method: bytes, signature: bytes = b"", values: Sequence[Any] = ()) -> Any:
        arguments = self._library.apply_signature(signature, list(values)) if signature else []
        return self._call_raw(method, arguments)

    def _call_raw(self, method: bytes, arguments: list[Any]) -> Any:
        try:
            return self._connect().call_method(_NAME, _PATH, _MANAGER, method, arguments).body
        except SystemdError:
            raise
        except Exception as error:
            raise self._explain(error) from None

    def _connect(self) -> Any:
        if self._bus is None:
            use_private = os.geteuid() == 0 and Path(_PRIVATE_SOCKET).exists()
            address = f"unix:path={_PRIVATE_SOCKET}".encode()
            bus = self._library.DBusAddress(address, True) if use_private else self._library.DBus()
            try:
                bus.open()
            except Exception as error:
                raise self._explain(error) from None
            self._bus = bus
        return self._bus

    def _close(self) -> None:
        if self._bus is not None:
            with contextlib.suppress(Exception):
                self._bus.close()
            self._bus = None

    @staticmethod
    def _explain(error: Exception) -> SystemdError:
        text = getattr(error, "err_message", "") or str(error)
        return SystemdError(text.decode() if isinstance(text, bytes) else text)
