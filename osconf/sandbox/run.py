"""Running a description: starts the launcher, hands its output on, keeps the time.

Starts processes, as `host` alone does besides: through `server` when the output is ours to read, else directly.
"""

from __future__ import annotations

import marshal
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from osconf.errors import OsconfError
from osconf.sandbox.command import describe_command, encode_spec, launcher_command
from osconf.sandbox.server import ServedProcess, ServerGone, StartRefused, start_served
from osconf.sandbox.spec import SandboxResult, SandboxSpec

Process = subprocess.Popen[bytes] | ServedProcess

_READ = 1 << 16
_POLL_SECONDS = 0.2


class SandboxError(OsconfError):
    """The sandbox could not be made, or its command not be started."""

    code = "sandbox-failed"

    def __init__(self, message: str, *, spec: SandboxSpec, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.spec = spec

    @property
    def command(self) -> str:
        """What to paste to see it fail."""
        return describe_command(self.spec)


def run_in_sandbox(
    spec: SandboxSpec,
    sink_line: Callable[[str], object] | None = None,
    *,
    sink_data: Callable[[bytes], object] | None = None,
    cancelled: Event | None = None,
) -> SandboxResult:
    """Run the description's command to its end.

    Standard output and error come as one stream, to `sink_line` line by line or to `sink_data` as they are; with
    neither they go where the caller's go. `cancelled` kills the command when it is set. Raises `SandboxError` when the
    command could not be started; a command that fails is a result.
    """
    lines = _Lines(sink_line) if sink_line is not None else None
    sink = lines.take if lines is not None else sink_data
    process, status = _start(spec, captured=sink is not None)
    try:
        result = _watch(spec, process, status, sink, cancelled)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if lines is not None:
        lines.finish()
    return result


class _Lines:
    """Cuts a stream into lines of text."""

    def __init__(self, sink: Callable[[str], object]) -> None:
        self.sink = sink
        self.partial = b""

    def take(self, data: bytes) -> None:
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self.sink(line.decode("utf-8", "replace"))

    def finish(self) -> None:
        if self.partial:
            self.sink(self.partial.decode("utf-8", "replace"))


def _start(spec: SandboxSpec, *, captured: bool) -> tuple[Process, int]:
    """Start the launcher; returns it and the descriptor on which it tells what went wrong before the command ran."""
    description = os.memfd_create("sandbox", 0)
    status, status_inside = os.pipe()
    try:
        with os.fdopen(os.dup(description), "wb") as file:
            file.write(marshal.dumps(encode_spec(spec)))
        os.lseek(description, 0, os.SEEK_SET)
        if captured and not spec.inherit_terminal:
            try:
                return start_served(description, status_inside), status
            except (ServerGone, StartRefused) as error:
                raise SandboxError(f"cannot start the sandbox: {error}", spec=spec) from error
        process = subprocess.Popen(
            [*launcher_command(), str(description), str(status_inside)],
            stdin=None if spec.inherit_terminal else subprocess.DEVNULL,
            stdout=subprocess.PIPE if captured else None,
            stderr=subprocess.STDOUT if captured else None,
            pass_fds=(description, status_inside),
            bufsize=0,
        )
    except BaseException:
        os.close(status)
        raise
    finally:
        os.close(description)
        os.close(status_inside)
    return process, status


def _watch(
    spec: SandboxSpec,
    process: Process,
    status: int,
    sink: Callable[[bytes], object] | None,
    cancelled: Event | None,
) -> SandboxResult:
    started = heard = time.monotonic()
    complaint = b""
    killed: dict[str, bool] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(status, selectors.EVENT_READ)
        if process.stdout is not None:
            selector.register(process.stdout, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_POLL_SECONDS):
                data = os.read(key.fd, _READ)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fd == status:
                    complaint += data
                elif sink is not None:
                    sink(data)
                    heard = time.monotonic()
            now = time.monotonic()
            if killed:
                continue
            if cancelled is not None and cancelled.is_set():
                killed = {"cancelled": True}
            elif spec.timeout and now - started > spec.timeout:
                killed = {"timed_out": True}
            elif spec.max_silent_time and now - heard > spec.max_silent_time:
                killed = {"silent": True}
            if killed:
                process.kill()
    os.close(status)
    code = _wait(spec, process, started, cancelled, killed)
    if complaint and not killed:
        text = complaint.decode("utf-8", "replace")
        raise SandboxError(f"cannot enter the sandbox: {text}", spec=spec, hint=_hint(text))
    return SandboxResult(code if code >= 0 else 128 - code, **killed)


def _wait(
    spec: SandboxSpec,
    process: Process,
    started: float,
    cancelled: Event | None,
    killed: dict[str, bool],
) -> int:
    """Wait for the end of a command whose output is not ours to read, or is over."""
    while True:
        try:
            return process.wait(_POLL_SECONDS * 5 if spec.timeout or cancelled is not None else None)
        except subprocess.TimeoutExpired:
            if cancelled is not None and cancelled.is_set():
                killed["cancelled"] = True
            elif spec.timeout and time.monotonic() - started > spec.timeout:
                killed["timed_out"] = True
            if killed:
                process.kill()
        except KeyboardInterrupt:
            # The terminal sent it to the command too, which decides; ours ends with it.
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT if spec.inherit_terminal else signal.SIGKILL)
            if not spec.inherit_terminal:
                raise


def _hint(complaint: str) -> str | None:
    if complaint.startswith("make namespaces"):
        return (
            "user namespaces are not allowed here: see the sysctls user.max_user_namespaces and"
            " kernel.apparmor_restrict_unprivileged_userns"
        )
    if complaint.startswith("mount overlay"):
        return "the directories of an overlay must be on an ordinary filesystem, and its kernel 5.11 or newer"
    return None
