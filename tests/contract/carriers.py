"""Every way in which closures travel from store to store."""

from __future__ import annotations

import io
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osconf.rebuild.copy import import_into, receive_into
from osconf.rebuild.remote import Target
from osconf.store.binary_cache import FileCache, open_cache
from osconf.store.interface import Store
from osconf.store.signing import SecretKey, parse_public_keys
from osconf.store.stream import export_paths
from osconf.store.transfer import send_closure
from tests.contract.store_kinds import free_port, serve_directory

KEY = SecretKey.generate("test-1")
KEYS = parse_public_keys([KEY.render_public()])
ROOT = Path(__file__).parents[2]

Carry = Callable[[Store, Store, list[str]], None]


def fetch_from(address: str, target: Store, paths: list[str]) -> None:
    reader = open_cache(address, target.store_dir)
    for narinfo in reader.closure(paths, target.is_valid) or []:
        reader.fetch(target, narinfo, KEYS)
    target.flush()


def carry_by_cache(directory: Path, compression: str, *, web: bool = False) -> Carry:
    """Through a binary cache in a directory, read there or from a web server."""

    def carry(source: Store, target: Store, paths: list[str]) -> None:
        cache = FileCache(directory, source.store_dir)
        for path in source.closure(paths):
            cache.add(source, path, key=KEY, compression=compression)
        if not web:
            fetch_from(f"file://{directory}", target, paths)
            return
        with serve_directory(directory) as address:
            fetch_from(address, target, paths)

    return carry


def carry_by_stream(source: Store, target: Store, paths: list[str]) -> None:
    """As `osconf store export` and `import` do."""
    buffer = io.BytesIO()
    export_paths(source, source.closure(paths), buffer)
    buffer.seek(0)
    import_into(target, buffer)


def carry_by_conversation(source: Store, target: Store, paths: list[str]) -> None:
    """As `osconf store send` and `receive` do, over pipes."""
    forward_read, forward_write = os.pipe()
    back_read, back_write = os.pipe()
    failures: list[BaseException] = []

    def receive() -> None:
        try:
            with os.fdopen(forward_read, "rb") as stream, os.fdopen(back_write, "wb") as answers:
                receive_into(target, stream, answers)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=receive)
    thread.start()
    try:
        with os.fdopen(forward_write, "wb") as to, os.fdopen(back_read, "rb") as answers:
            send_closure(source, paths, to, answers)
    except OSError as error:
        failures.append(error)
    finally:
        thread.join()
    if failures:
        raise failures[0]


def write_program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def osconf_command(root: Path, folder: Path) -> None:
    """Put an `osconf` of the store below `root` into a folder."""
    command = f"exec {shlex.quote(sys.executable)} -P -m osconf.cli --store {shlex.quote(str(root))}"
    write_program(folder, "osconf", f'#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(ROOT))}\n{command} "$@"\n')


def carry_by_ssh(folder: Path, target: Target) -> Carry:
    """With `osconf store receive` at the other end; the store there is the target's."""

    def carry(source: Store, store: Store, paths: list[str]) -> None:
        store.flush()
        osconf_command(store.root, folder)
        target.copy_closure(source, paths)

    return carry


def plain_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """An `ssh` that is but a shell: what is said over the line is the same."""
    script = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec sh -c "$*"\n'
    write_program(folder, "ssh", script)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Target("there")


def find_sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


@contextmanager
def real_ssh(folder: Path) -> Iterator[Target]:
    """A server on this machine, with keys of its own."""
    sshd = find_sshd()
    if sshd is None or os.geteuid() != 0 or "sshd" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("no openssh-server here, or not root")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"StrictModes no\nPidFile none\nUsePAM no\nPermitRootLogin yes\nSetEnv PATH={folder}:{os.environ['PATH']}\n"
    )
    made = not Path("/run/sshd").exists()
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.PIPE)
    options = f"-i {folder}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -F none"
    target = Target("root@127.0.0.1", port, tuple(shlex.split(options)))
    try:
        for _ in range(100):
            done = subprocess.run(target.command(["true"]), capture_output=True, check=False)
            if done.returncode == 0:
                break
            time.sleep(0.1)
        else:
            process.kill()
            raise AssertionError((process.stderr.read() if process.stderr else b"") + done.stderr)
        yield target
    finally:
        process.kill()
        process.wait()
        if made:
            Path("/run/sshd").rmdir()


CARRIERS = ("file-none", "file-zstd", "file-xz", "http", "stream", "conversation", "ssh-plain", "ssh-real")


@contextmanager
def make_carrier(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Carry]:
    """A way from store to store."""
    if kind.startswith("file-"):
        yield carry_by_cache(folder / "cache", kind.partition("-")[2])
    elif kind == "http":
        yield carry_by_cache(folder / "cache", "zstd", web=True)
    elif kind == "stream":
        yield carry_by_stream
    elif kind == "conversation":
        yield carry_by_conversation
    elif kind == "ssh-plain":
        yield carry_by_ssh(folder / "bin", plain_ssh(folder / "bin", monkeypatch))
    else:
        with real_ssh(folder / "bin") as target:
            yield carry_by_ssh(folder / "bin", target)


def carries_to_disk(kind: str) -> bool:
    """Whether a carrier needs a target that other processes see."""
    return kind.startswith("ssh-")
