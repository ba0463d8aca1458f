"""Entering sandboxes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.build.users import can_change_user
from osconf.sandbox.command import describe_command, encode_spec, with_shell
from osconf.sandbox.run import SandboxError, run_in_sandbox
from osconf.sandbox.server import _servers
from osconf.sandbox.spec import Bind, OutsideUser, Overlay, SandboxSpec

HOST = tuple(Bind(name, name) for name in ("/usr", "/bin", "/lib", "/lib64") if Path(name).exists())


def run(script: str, **options: object) -> tuple[int, list[str]]:
    """Exit code and lines of a shell script."""
    lines: list[str] = []
    binds = (*HOST, *options.pop("binds", ()))
    spec = SandboxSpec(argv=("/bin/sh", "-c", script), env={"PATH": "/usr/bin:/bin"}, binds=binds, **options)
    result = run_in_sandbox(spec, lines.append)
    return result.exit_code, lines


def test_exit_code_and_output() -> None:
    assert run("echo out; echo err >&2; printf half; exit 3") == (3, ["out", "err", "half"])


def test_signal_counts_as_128_and_more() -> None:
    assert run("kill -9 $$")[0] == 137


@pytest.mark.parametrize(("uid", "gid"), [(0, 0), (1000, 100)])
def test_identity_and_namespaces(uid: int, gid: int) -> None:
    code, lines = run("id -u; id -g; hostname; grep -c : /proc/net/dev; echo $$", uid=uid, gid=gid, hostname="box")
    assert (code, lines) == (0, [str(uid), str(gid), "box", "1", "2"])


def test_binds_are_read_only_unless_said(tmp_path: Path) -> None:
    (tmp_path / "ro").mkdir()
    (tmp_path / "rw").mkdir()
    binds = (Bind(tmp_path / "ro", "/ro"), Bind(tmp_path / "rw", "/deep/rw", read_only=False))
    code, _ = run("touch /ro/x 2>/dev/null; touch /deep/rw/x", binds=binds)
    assert code == 0
    assert not (tmp_path / "ro/x").exists() and (tmp_path / "rw/x").exists()


def test_links_files_and_tmpfs(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/nowhere")
    code, lines = run(
        "readlink /made /bound; cat /etc/note; touch /tmp/x; stat -c %a /tmp; ls /dev/null /dev/ptmx /dev/fd/1",
        symlinks=(("target", "/made"),),
        files=(("/etc/note", "é\n"),),
        tmpfs=("/tmp",),
        binds=(Bind(tmp_path / "link", "/bound"),),
    )
    assert code == 0
    assert lines[:4] == ["target", "/nowhere", "é", "1777"]


def test_overlay_keeps_the_lower(tmp_path: Path) -> None:
    for name in ("low", "high", "up", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "low/a").write_text("low")
    (tmp_path / "low/b").write_text("low")
    (tmp_path / "high/a").write_text("high")
    overlay = Overlay((tmp_path / "high", tmp_path / "low"), "/o", tmp_path / "up", tmp_path / "work")
    code, lines = run("cat /o/a; echo; rm /o/b; echo new > /o/c; ls /o", overlays=(overlay,))
    assert (code, lines) == (0, ["high", "a", "c"])
    assert (tmp_path / "low/b").read_text() == "low"
    assert (tmp_path / "up/c").read_text() == "new\n"


def test_read_only_overlay(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    code, lines = run("ls /o; touch /o/x 2>/dev/null", overlays=(Overlay((tmp_path / "one", tmp_path / "two"), "/o"),))
    assert lines == ["one", "two"] and code != 0


def test_root_may_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    code, lines = run("touch /made; ls /", binds=(Bind(tmp_path / "root", "/", read_only=False),))
    assert code == 0 and "made" in lines
    assert (tmp_path / "root/made").exists()


def test_nothing_gains_privileges() -> None:
    assert run("grep NoNewPrivs /proc/self/status")[1] == ["NoNewPrivs:\t1"]
    assert run("grep CapEff /proc/self/status", uid=1000)[1] == ["CapEff:\t0000000000000000"]


@pytest.mark.parametrize("uid", [0, 1000])
def test_the_machine_cannot_be_changed(uid: int) -> None:
    # What is there is written back: this shows the permission and would change nothing.
    script = "f=/proc/sys/kernel/randomize_va_space; v=$(cat $f) && echo $v > $f"
    code, lines = run(script, uid=uid)
    assert code != 0 and "Read-only" in lines[0]
    script = "umount /proc/sys; mount -o remount,bind,rw /usr && touch /usr/.written"
    assert run(script, uid=uid)[0] != 0
    assert not Path("/usr/.written").exists()


BIND_PORT = "python3 -c 'import socket; socket.create_server((\"127.0.0.1\", 80)).close()'"


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="needs python3 in /usr/bin")
def test_root_inside_may_bind_low_ports() -> None:
    assert run(BIND_PORT) == (0, [])
    assert run(BIND_PORT, uid=1000)[0] != 0


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_root_inside_may_add_mounts(tmp_path: Path) -> None:
    code, lines = run("mkdir /x && mount -t tmpfs none /x && touch /x/y && ls /x")
    assert (code, lines) == (0, ["y"])


@pytest.mark.skipif(not can_change_user(), reason="root alone can choose")
@pytest.mark.parametrize("uid", [0, 1000])
def test_root_can_choose_who_runs(tmp_path: Path, uid: int) -> None:
    (tmp_path / "rw").mkdir()
    os.chown(tmp_path / "rw", 872415232, 872415232)
    user = OutsideUser(872415232, 872415232)
    script = "id -u; touch /rw/made; mkdir /own; cat /proc/self/uid_map | tr -s ' '"
    code, lines = run(script, uid=uid, outside=user, binds=(Bind(tmp_path / "rw", "/rw", read_only=False),))
    assert (code, lines) == (0, [str(uid), f" {uid} 872415232 1"])
    assert (tmp_path / "rw/made").stat().st_uid == 872415232
    assert run("umount /proc/sys || umount -l /usr", uid=uid, outside=user)[0] != 0
    assert run("mkdir /x && mount -t tmpfs none /x", uid=0, outside=user)[0] == 0


def test_timeout_kills_the_whole_tree() -> None:
    marker = f"sleep 98.{os.getpid()}"
    started = time.monotonic()
    spec = SandboxSpec(
        argv=("/bin/sh", "-c", f"{marker} & {marker}"), env={"PATH": "/usr/bin"}, binds=HOST, timeout=0.4
    )
    result = run_in_sandbox(spec, lambda _: None)
    assert result.timed_out and not result.succeeded
    assert time.monotonic() - started < 5
    assert marker not in subprocess.run(["ps", "-ef"], capture_output=True, text=True, check=True).stdout


def test_cancelling() -> None:
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    spec = SandboxSpec(argv=("/bin/sh", "-c", "sleep 60"), env={"PATH": "/usr/bin"}, binds=HOST)
    assert run_in_sandbox(spec, lambda _: None, cancelled=cancelled).cancelled


@pytest.mark.parametrize(
    ("argv", "binds", "message"),
    [
        (("/nowhere",), HOST, "run /nowhere: No such file"),
        (("/bin/sh",), (Bind("/does/not/exist", "/x"),), "/does/not/exist"),
    ],
)
def test_what_cannot_start_is_an_error(argv: tuple[str, ...], binds: tuple[Bind, ...], message: str) -> None:
    with pytest.raises(SandboxError, match=message) as caught:
        run_in_sandbox(SandboxSpec(argv=argv, binds=binds), lambda _: None)
    assert "launcher.py" in caught.value.command


def test_described_command_does_the_same() -> None:
    spec = SandboxSpec(argv=("/bin/sh", "-c", "echo 'in side'; exit 5"), binds=HOST)
    done = subprocess.run(describe_command(spec), shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (5, "in side\n")


def test_mounts_are_ordered_by_depth() -> None:
    spec = SandboxSpec(
        argv=("x",),
        binds=(Bind("/usr", "/a/b/c"), Bind("/usr", "/a")),
        tmpfs=("/a/b",),
        overlays=(Overlay(("/usr",), "/o"),),
    )
    targets = [step[2] if step[0] != "tmpfs" else step[1] for step in encode_spec(spec)["mounts"]]
    assert targets == ["/o", "/a", "/a/b", "/a/b/c"]


def test_shell_for_people_keeps_the_terminal() -> None:
    spec = with_shell(SandboxSpec(argv=("x",), timeout=5))
    assert spec.inherit_terminal and spec.timeout == 0 and spec.argv == ("/usr/bin/bash",)


def test_start_is_quick() -> None:
    spec = SandboxSpec(argv=("/bin/true",), binds=HOST)
    run_in_sandbox(spec, lambda _: None)
    started = time.monotonic()
    for _ in range(5):
        run_in_sandbox(spec, lambda _: None)
    assert (time.monotonic() - started) / 5 < 0.25


def test_builders_get_no_descriptors_but_three() -> None:
    assert run("ls /proc/self/fd") == (0, ["0", "1", "2", "3"])


def test_server_that_died_is_replaced() -> None:
    assert run("exit 4")[0] == 4
    for server in list(_servers.values()):
        server.process.kill()
        server.process.wait()
    assert run("exit 5")[0] == 5


def test_sandboxes_end_with_the_process_that_wanted_them(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from osconf.sandbox.run import run_in_sandbox\n"
        "from osconf.sandbox.spec import Bind, SandboxSpec\n"
        f"binds = [Bind(p, p) for p in {[bind.target for bind in HOST]!r}]\n"
        f"binds.append(Bind({str(tmp_path)!r}, '/shared', read_only=False))\n"
        "argv = ('/bin/sh', '-c', 'while :; do date +%N > /shared/alive; sleep 0.1; done')\n"
        "run_in_sandbox(SandboxSpec(argv=argv, binds=tuple(binds), env={'PATH': '/usr/bin:/bin'}), print)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        wait_until((tmp_path / "alive").exists)
        process.kill()
    time.sleep(0.5)
    said = (tmp_path / "alive").read_text()
    time.sleep(0.5)
    assert (tmp_path / "alive").read_text() == said


def test_forked_child_has_a_server_of_its_own() -> None:
    assert run("exit 6")[0] == 6
    child = os.fork()
    if child == 0:
        os._exit(run("exit 7")[0])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert run("exit 8")[0] == 8


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something for ten seconds."""
    limit = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


SOCKETS = """
import ctypes, socket
for kind in (socket.AF_UNIX, socket.AF_INET):
    try:
        socket.socket(kind).close()
        print("made")
    except OSError as error:
        print(error.errno)
a, b = socket.socketpair()
a.send(b"pair")
print(b.recv(9).decode())
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(425, 1, None), ctypes.get_errno())
"""


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python in /usr/bin")
def test_unix_sockets_can_be_denied() -> None:
    """Those that reach others; pairs, and other sockets, stay. The ring of system calls would be a way around."""
    script = f"exec python3 -c '{SOCKETS}'"
    _, free = run(script, network=True)
    assert free[:3] == ["made", "made", "pair"]
    code, denied = run(script, network=True, unix_sockets=False)
    assert (code, denied) == (0, ["97", "made", "pair", "-1 38"])


@pytest.mark.parametrize("kind", ["symlinks", "files", "directories", "tmpfs", "binds"])
def test_nothing_is_made_outside(tmp_path: Path, kind: str) -> None:
    place = f"/a/../../.host{tmp_path}/evil"
    described = {
        "symlinks": (("/x", place),),
        "files": ((place, "x"),),
        "directories": (place,),
        "tmpfs": (place,),
        "binds": (Bind(tmp_path, place),),
    }
    with pytest.raises(SandboxError, match="leads out of the sandbox"):
        run("true", **{kind: described[kind]})
    assert list(tmp_path.iterdir()) == []
