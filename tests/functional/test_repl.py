"""The REPL as a program: answers line by line, survives Ctrl-C, obeys the switches of the command line."""

from __future__ import annotations

import codecs
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ENDLESS = "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }"


def start(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "osconf.cli", "repl", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "OSCONF_STORE": str(tmp_path / "store")},
    )


@pytest.fixture
def repl(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(tmp_path)
    yield process
    process.kill()
    process.wait()


def say(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def test_control_c_stops_the_evaluation_and_nothing_else(repl: subprocess.Popen[str]) -> None:
    say(repl, "x = 20")
    say(repl, ENDLESS)
    time.sleep(2.5)
    repl.send_signal(signal.SIGINT)
    time.sleep(0.5)
    output, _ = repl.communicate("x + 22\n:q\n", timeout=30)
    assert "interrupted" in output
    assert "42" in output
    assert repl.returncode == 0


def test_mistakes_do_not_end_it(repl: subprocess.Popen[str]) -> None:
    output, _ = repl.communicate("{ a = 1; }.b\n1 +\n\n[ 1\n2 ]\n", timeout=30)
    assert "attribute 'b' missing" in output
    assert "unexpected end of file" in output
    assert "[\n  1\n  2\n]" in output
    assert repl.returncode == 0


def test_pipe_operators_are_allowed_on_request(tmp_path: Path) -> None:
    process = start(tmp_path, "--extra-experimental-features", "nix-command pipe-operators")
    output, _ = process.communicate("[ 1 2\n3 ] |> builtins.length\n", timeout=30)
    assert "3" in output.splitlines()[-2:][0]
    output, _ = start(tmp_path).communicate("1 |> toString\n", timeout=30)
    assert "experimental Nix feature 'pipe-operators' is disabled" in output


class Terminal:
    """The REPL on a terminal of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "OSCONF_STORE": str(tmp_path / "store")}
            os.chdir(tmp_path)
            os.execve(
                sys.executable,
                [sys.executable, "-m", "osconf.cli", "repl"],
                {**os.environ, **environment, "TERM": "xterm"},
            )

    def type(self, keys: str, *, until: str = "", prompt: str = "osconf> ") -> str:
        """Type; what is shown until a text and then a prompt: what is typed before a prompt waits may be lost."""
        os.write(self.terminal, keys.encode())
        # A character may come in two parts.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        shown = ""
        end = time.monotonic() + 30
        while until not in shown or prompt not in shown[shown.index(until) + len(until) :]:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"not shown: {until + prompt!r}, but {shown!r}")
            if select.select([self.terminal], [], [], 0.2)[0]:
                shown += decoder.decode(os.read(self.terminal, 65536))
        return shown


def test_keys_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "some-file.nix").write_text('"in the file"')
    terminal = Terminal(tmp_path)
    terminal.type("")
    terminal.type("set = { first-one = 40; second = 2; }\n")
    terminal.type("set.fir\t + 2\n", until="\r\n42\r\n")
    terminal.type("import ./some\t\n", until='"in the file"')
    # Several lines; Control-C drops them, and the next text begins anew.
    terminal.type("let a = 1;\n", prompt="      … ")
    # Nobody presses it in the moment between the prompt and Python's waiting for keys, where it would go unseen.
    time.sleep(0.5)
    terminal.type("\x03")
    terminal.type("[ 1\n2 ]\n", until="[\r\n  1\r\n  2\r\n]\r\n")
    # The line before, from the history.
    terminal.type("6 * 7 + set.second\n", until="\r\n44\r\n")
    terminal.type("\x1b[A + 1\n", until="\r\n45\r\n")
    time.sleep(0.5)
    os.write(terminal.terminal, b"\x04")
    assert os.waitpid(terminal.pid, 0)[1] == 0
    assert "6 * 7" in (tmp_path / "cache/osconf/repl-history").read_text()
