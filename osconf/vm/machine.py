"""A running virtual machine, in sentences: `machine.wait_for_unit("nginx.service")`.

Commands go through a root shell on a virtio-serial port (the guest's `virtualisation.testShell`), so a test works
behind any firewall and without a network. A command that fails is the test's failure (`CommandFailed`, an
AssertionError); a machine that does not answer is the driver's (`MachineError`).
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from osconf.host.process import start_program
from osconf.vm.qemu import Channels

READY = b"osconf-shell ready\n"
# What the guest's kernel prints when the emulator, not the system, is at fault.
EMULATOR_PANIC = re.compile(rb"Kernel panic - not syncing")
PATIENCE = float(os.environ.get("OSCONF_VM_PATIENCE") or 1)
"""How many times longer than they say the waits may take, on a host that is busy or slow."""


class MachineError(Exception):
    """The machine does not start or does not answer."""


class CommandFailed(AssertionError):
    """A command in the machine did not end as the test expects."""


class Machine:
    """One virtual machine; a context manager that ends it."""

    def __init__(
        self,
        command: Callable[[Channels], Sequence[str]],
        state: Path,
        *,
        environment: Mapping[str, str] | None = None,
        forwards: Mapping[int, int] | None = None,
    ) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.channels = Channels(state)
        self.forwards = dict(forwards or {})
        self._command = command
        self._environment = environment
        self._process: object | None = None
        self._shell: socket.socket | None = None
        self._console: socket.socket | None = None
        self._buffer = b""
        self._console_seen = 0
        self.started_at = 0.0

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # Life

    def start(self) -> None:
        """Turn the machine on; returns before it has booted."""
        if self._process is not None:
            raise MachineError("the machine is already running")
        for path in (self.channels.shell, self.channels.console, self.channels.monitor):
            path.unlink(missing_ok=True)
        self._buffer = b""
        self.started_at = time.monotonic()
        output = (self.channels.directory / "qemu.log").open("ab")
        self._process = start_program(
            list(self._command(self.channels)),
            cwd=self.channels.directory,
            env=dict(self._environment) if self._environment is not None else None,
            stdin=None,
            stdout=output,
            stderr=output,
        )
        output.close()
        self._console = self._connect(self.channels.console)
        self._shell = self._connect(self.channels.shell)

    def kill(self) -> None:
        """Pull the plug: what the guest has not flushed is lost."""
        process = self._process
        self._close()
        if process is not None:
            process.kill()  # type: ignore[attr-defined]
            process.wait()  # type: ignore[attr-defined]
        self._process = None

    crash = kill

    def shutdown(self, timeout: float = 120) -> None:
        """Turn the machine off in order."""
        self._send(b"systemctl poweroff\n")
        self.wait_for_exit(timeout)

    def wait_for_exit(self, timeout: float = 120) -> None:
        """Wait until the emulator has ended."""
        process = self._process
        if process is None:
            return
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while process.poll() is None:  # type: ignore[attr-defined]
            if time.monotonic() > deadline:
                raise MachineError(f"the machine did not turn off within {timeout:.0f} s\n{self.console_tail()}")
            self._drain_console()
            time.sleep(0.2)
        self._close()
        self._process = None

    def reboot(self, timeout: float = 240) -> None:
        """Restart the guest and wait for its shell."""
        self._send(b"systemctl reboot\n")
        self._buffer = b""
        self.wait_for_shell(timeout)

    def wait_for_shell(self, timeout: float = 240) -> None:
        """Wait until the guest's root shell says it is there."""
        self._read_until(READY, timeout, "the guest's shell")

    @property
    def uptime(self) -> float:
        """Seconds since the machine was turned on."""
        return time.monotonic() - self.started_at

    # Commands

    def execute(self, command: str, timeout: float = 120) -> tuple[int, str]:
        """Run a shell command; gives its exit status and what it printed, stdout and stderr in one."""
        script = base64.b64encode(command.encode()).decode()
        self._send(
            f'bash <(echo {script} | base64 -d) < /dev/null 2>&1 | base64 -w0; echo " ${{PIPESTATUS[0]}}"\n'.encode()
        )
        line = self._read_until(b"\n", timeout, f"the end of: {command}")
        encoded, _, status = line.decode().strip("\n").rpartition(" ")
        return int(status), base64.b64decode(encoded).decode(errors="replace")

    def succeed(self, *commands: str, timeout: float = 120) -> str:
        """Run commands that must succeed; gives what the last one printed."""
        output = ""
        for command in commands:
            status, output = self.execute(command, timeout)
            if status != 0:
                raise CommandFailed(f"`{command}` ended with {status}:\n{output}")
        return output

    def fail(self, command: str, timeout: float = 120) -> str:
        """Run a command that must not succeed; gives what it printed."""
        status, output = self.execute(command, timeout)
        if status == 0:
            raise CommandFailed(f"`{command}` succeeded, and should not:\n{output}")
        return output

    def wait_until_succeeds(self, command: str, timeout: float = 120) -> str:
        """Repeat a command until it succeeds."""
        return self._retry(command, timeout, want_success=True)

    def wait_until_fails(self, command: str, timeout: float = 120) -> str:
        """Repeat a command until it fails."""
        return self._retry(command, timeout, want_success=False)

    def wait_for_unit(self, unit: str, timeout: float = 180) -> None:
        """Wait until a unit is active; a failed unit ends the wait at once."""
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while True:
            state = self.execute(f"systemctl show --property=ActiveState --value {shlex.quote(unit)}")[1].strip()
            if state == "active":
                return
            if state == "failed":
                raise CommandFailed(f"{unit} failed:\n{self.execute(f'systemctl status -l --no-pager {unit}')[1]}")
            if time.monotonic() > deadline:
                raise CommandFailed(f"{unit} is still {state} after {timeout:.0f} s")
            time.sleep(0.5)

    def wait_for_running(self, timeout: float = 240) -> None:
        """Wait until systemd says `running`: everything started, no unit failed."""
        state = self.execute("systemctl is-system-running --wait", timeout)[1].strip()
        if state != "running":
            failed = self.execute("systemctl --failed --no-legend --plain; systemctl list-jobs --no-pager")[1]
            raise CommandFailed(f"the system is {state}:\n{failed}")

    def wait_for_open_port(self, port: int, timeout: float = 120) -> None:
        """Wait until something listens on a TCP port inside the guest."""
        self.wait_until_succeeds(f"exec 3<>/dev/tcp/127.0.0.1/{port}", timeout)

    def main_pid(self, unit: str) -> int:
        """The main process of a service; 0 when it has none."""
        return int(self.succeed(f"systemctl show --property=MainPID --value {shlex.quote(unit)}"))

    def copy_from_host(self, source: Path, target: str) -> None:
        """Write a file of the host into the guest, through the shell."""
        data = base64.b64encode(source.read_bytes()).decode()
        self.succeed(f"mkdir -p {shlex.quote(str(Path(target).parent))}; : > {shlex.quote(target)}")
        for start in range(0, len(data), 60000):
            self.succeed(f"echo {data[start : start + 60000]} | base64 -d >> {shlex.quote(target)}")

    def write_file(self, target: str, text: str) -> None:
        """Write text into a file of the guest."""
        data = base64.b64encode(text.encode()).decode()
        self.succeed(
            f"mkdir -p {shlex.quote(str(Path(target).parent))}; echo {data} | base64 -d > {shlex.quote(target)}"
        )

    # Console

    def send_console(self, text: str) -> None:
        """Type on the serial console (the boot menu, a login prompt)."""
        if self._console is None:
            raise MachineError("the machine is off")
        self._console.sendall(text.encode())

    def skip_console(self) -> None:
        """Let the next wait look only at what the console shows from now on."""
        self._drain_console()
        self._console_seen = len(self._console_bytes())

    def wait_for_console_text(self, pattern: str, timeout: float = 180) -> None:
        """Wait until the serial console has shown a match of a regular expression after the last one waited for."""
        wanted = re.compile(pattern.encode())
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while True:
            found = wanted.search(self._console_bytes(), self._console_seen)
            if found is not None:
                self._console_seen = found.end()
                return
            self._drain_console()
            if time.monotonic() > deadline:
                raise MachineError(f"the console never showed {pattern!r}\n{self.console_tail()}")
            time.sleep(0.1)

    def console_tail(self, lines: int = 40) -> str:
        """The last lines of the serial console."""
        return "\n".join(self._console_bytes().decode(errors="replace").splitlines()[-lines:])

    # Below

    def _console_bytes(self) -> bytes:
        try:
            return self.channels.console_log.read_bytes()
        except OSError:
            return b""

    def _drain_console(self) -> None:
        """Take what the console sends, so that the guest never waits for a reader; the log file keeps it."""
        if self._console is not None:
            self._console.setblocking(False)
            try:
                while self._console.recv(65536):
                    continue
            except OSError:
                return
            finally:
                self._console.setblocking(True)

    def _connect(self, path: Path, timeout: float = 30) -> socket.socket:
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while True:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(path))
            except OSError:
                channel.close()
                if self._process is not None and self._process.poll() is not None:  # type: ignore[attr-defined]
                    log = (self.channels.directory / "qemu.log").read_text(errors="replace")
                    raise MachineError(f"QEMU ended at once:\n{log[-2000:]}") from None
                if time.monotonic() > deadline:
                    raise MachineError(f"QEMU does not offer {path.name}") from None
                time.sleep(0.05)
            else:
                return channel

    def _send(self, data: bytes) -> None:
        if self._shell is None:
            raise MachineError("the machine is off")
        self._shell.sendall(data)

    def _read_until(self, mark: bytes, timeout: float, what: str) -> bytes:
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while mark not in self._buffer:
            if self._shell is None:
                raise MachineError("the machine is off")
            self._drain_console()
            if EMULATOR_PANIC.search(self._console_bytes()[-4000:]):
                raise MachineError(f"the guest's kernel panicked while waiting for {what}\n{self.console_tail()}")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise MachineError(f"no answer within {timeout:.0f} s: {what}\n{self.console_tail()}")
            self._shell.settimeout(min(remaining, 1))
            try:
                data = self._shell.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise MachineError(f"the machine turned off while waiting for {what}\n{self.console_tail()}")
            self._buffer += data
        before, _, self._buffer = self._buffer.partition(mark)
        return before

    def _retry(self, command: str, timeout: float, *, want_success: bool) -> str:
        limit = timeout * PATIENCE
        deadline = time.monotonic() + limit
        while True:
            status, output = self.execute(command, timeout)
            if (status == 0) is want_success:
                return output
            if time.monotonic() > deadline:
                raise CommandFailed(f"`{command}` still ends with {status} after {limit:.0f} s:\n{output}")
            time.sleep(0.5)

    def _close(self) -> None:
        for channel in (self._shell, self._console):
            if channel is not None:
                channel.close()
        self._shell = self._console = None
