"""The daemon with real users: what they can do, what they cannot, and what is left when somebody is killed."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from osconf.daemon.client import DaemonStore
from osconf.daemon.wire import Channel
from osconf.errors import OsconfError
from osconf.model.derivation import Derivation, DerivationOutput, serialize
from osconf.model.path_info import PathInfo
from osconf.model.store_path import DEFAULT_STORE_DIR
from osconf.store.binary_cache import FileCache
from osconf.store.canonical import canonicalise
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey
from osconf.store.transfer import send_closure
from tests.functional.many_users import ALICE, BOB, Site, open_site, run_as, start_as, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as found:
        yield found


@pytest.fixture
def served(site: Site) -> Site:
    site.start_daemon()
    return site


def builders_of(marker: str) -> list[int]:
    """The processes whose command line has a word."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if marker.encode() in words:
                found.append(int(entry.name))
    return found


def test_user_builds_keeps_and_collects(served: Site) -> None:
    expression = served.write_recipe("greeting", "echo hello > $out")
    path = served.succeed(ALICE, "build", "-E", expression)
    link = served.home(ALICE) / "result"
    assert link.read_text() == "hello\n"
    assert link.lstat().st_uid == ALICE and link.resolve().stat().st_uid == 0
    assert served.succeed(ALICE, "store", "closure", "result").splitlines()[-1] == path
    assert f"{link} -> {path}" in served.succeed(ALICE, "store", "roots")
    assert str(link) not in served.succeed(BOB, "store", "roots")
    served.succeed(BOB, "gc")
    assert link.exists()
    link.unlink()
    served.succeed(BOB, "gc")
    assert not (served.store / path.lstrip("/")).exists()
    assert served.succeed(0, "store", "verify", "--check-contents") == ""


def test_evaluation_reads_what_it_built(served: Site) -> None:
    inner = served.write_recipe("inner", "echo 42 > $out")
    assert served.succeed(ALICE, "eval", "-E", f"builtins.readFile ({inner})") == '"42\\n"'


def test_log_is_live_and_kept(served: Site) -> None:
    expression = served.write_recipe("chatty", "echo first; echo second; exit 3")
    done = served.run(ALICE, "-v", "build", "--no-link", "-E", expression)
    assert done.returncode == 3
    assert done.stderr.index("first\n") < done.stderr.index("failed after") and "exit code 3" in done.stderr
    drv = served.succeed(ALICE, "instantiate", "-E", expression)
    assert served.succeed(BOB, "log", drv) == "first\nsecond"


def test_two_users_build_the_same_once(served: Site) -> None:
    expression = served.write_recipe("shared", "echo begun; sleep 2; echo done > $out")
    both = [served.start(uid, "-v", "build", "-E", expression) for uid in (ALICE, BOB)]
    outcomes = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outcomes
    assert outcomes[0][0] == outcomes[1][0]
    assert "".join(err for _, err in outcomes).count("begun") == 1


def test_two_users_build_at_once(served: Site) -> None:
    both = [
        served.start(uid, "build", "-E", served.write_recipe(f"own-{uid}", f"sleep 4.{uid}; echo {uid} > $out"))
        for uid in (ALICE, BOB)
    ]
    served.wait_until(lambda: all(builders_of(f"4.{uid}") for uid in (ALICE, BOB)), "they do not build at once")
    for process in both:
        assert process.wait(timeout=60) == 0, process.communicate()
    for uid in (ALICE, BOB):
        assert (served.home(uid) / "result").read_text() == f"{uid}\n"


def test_store_is_not_theirs(served: Site) -> None:
    path = served.succeed(ALICE, "build", "-E", served.write_recipe("mine", "echo mine > $out"))
    real = served.store / path.lstrip("/")

    def tamper() -> int:
        for act in (
            lambda: real.write_text("yours"),
            real.unlink,
            lambda: (real.parent / "new").write_text(""),
            lambda: (served.store / "osconf/var/gcroots/auto/new").symlink_to("/"),
            lambda: (served.store / "osconf/var/profiles/system").symlink_to("/"),
            lambda: (served.store / "osconf/var/profiles/per-user/1002/x").symlink_to("/"),
            lambda: os.open(served.store / "osconf/var/db/store.sqlite", os.O_RDWR),
        ):
            try:
                act()
            except PermissionError:
                continue
            return 1
        return 0

    served.succeed(BOB, "store", "roots")
    assert run_as(ALICE, tamper) == 0
    (served.home(ALICE) / "result").unlink()
    for words in (("store", "delete", path), ("store", "optimise"), ("store", "verify", "--repair")):
        done = served.run(ALICE, *words)
        assert done.returncode == 1 and "error:" in done.stderr and "Traceback" not in done.stderr, words
    assert real.read_text() == "mine\n"


def make_foreign_path(site: Site) -> tuple[str, Path, Path]:
    """An input-addressed path of another store: its name, an export of it and that store."""
    other = site.root / "other"
    with LocalStore.open(other, durable=False) as store:
        path = f"{DEFAULT_STORE_DIR}/{'0' * 31}1-foreign"
        source = site.root / "foreign"
        source.write_text("not what you think")
        made = store.add_path(source, "foreign")
        store.flush()
        info = store.query_path_info(made)
        store.real_path(path).write_bytes(source.read_bytes())
        store.real_path(path).chmod(0o444)
        os.utime(store.real_path(path), (1, 1))
        store.registrar.register([PathInfo(path, info.nar_hash, info.nar_size)])
    export = site.root / "foreign.export"
    with export.open("wb") as file:
        command = [*site.command("store", "export", path)]
        command[command.index(str(site.store))] = str(other)
        subprocess.run(command, stdout=file, env=site.environment(0), check=True)
    return path, export, other


def test_unsigned_paths_are_refused(site: Site) -> None:
    site.start_daemon("--trusted-user", str(BOB))
    path, export, other = make_foreign_path(site)
    cache = site.root / "cache"
    with LocalStore.open(other) as store:
        FileCache(cache, DEFAULT_STORE_DIR).add(store, path, key=(secret := SecretKey.generate("mallory-1")))
    key = secret.render_public()

    def import_(uid: int) -> subprocess.CompletedProcess[str]:
        with export.open("rb") as file:
            return subprocess.run(
                site.command("store", "import"),
                stdin=file,
                user=uid,
                group=uid,
                extra_groups=[],
                cwd=site.home(uid),
                env=site.environment(uid),
                capture_output=True,
                text=True,
                check=False,
            )

    refused = import_(ALICE)
    assert refused.returncode == 1 and "has no signature and user '1001'" in refused.stderr
    refused = site.run(ALICE, "copy", "--from", f"file://{cache}", "--trusted-key", key, path)
    assert refused.returncode == 1 and "whom this machine does not trust" in refused.stderr
    assert site.run(ALICE, "store", "references", path).returncode == 1
    assert import_(BOB).returncode == 0
    assert site.run(ALICE, "store", "references", path).returncode == 0


def test_source_travels_without_a_signature(served: Site) -> None:
    """What proves its own name needs nobody's word."""
    with LocalStore.open(served.root / "other", durable=False) as store:
        source = served.root / "plain"
        source.mkdir()
        (source / "file").write_text("content")
        path = store.add_path(source, "plain")
        text = store.add_text("text", b"mentions it", [path])
        FileCache(served.root / "cache", DEFAULT_STORE_DIR).add(store, path)
        store.flush()
    served.succeed(ALICE, "copy", "--from", f"file://{served.root}/cache", path)
    assert (served.store / path.lstrip("/") / "file").read_text() == "content"
    assert served.run(ALICE, "copy", "--from", f"file://{served.root}/cache", text).returncode == 1


def test_closures_travel_between_machines(served: Site) -> None:
    """What `ssh HOST osconf store receive` gets: the daemon takes it, by the same rules."""
    with LocalStore.open(served.root / "other", durable=False) as store:
        source = served.root / "plain"
        (source / "deep").mkdir(parents=True)
        (source / "deep/file").write_text("content")
        path = store.add_path(source, "plain")
        text = store.add_text("text", b"mentions it", [path])
        store.flush()
        info = store.query_path_info(path)
        store.real_path(foreign := f"{DEFAULT_STORE_DIR}/{'0' * 31}1-foreign").mkdir()
        (store.real_path(foreign) / "deep").mkdir()
        (store.real_path(foreign) / "deep/file").write_text("content")
        canonicalise(store.real_path(foreign))
        store.registrar.register([PathInfo(foreign, info.nar_hash, info.nar_size)])

        def send(uid: int, wanted: str) -> tuple[int, str, list[str]]:
            process = subprocess.Popen(
                served.command("store", "receive"),
                user=uid,
                group=uid,
                extra_groups=[],
                env=served.environment(uid),
                cwd=served.home(uid),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            assert process.stdin is not None and process.stdout is not None and process.stderr is not None
            sent: list[str] = []
            with suppress(OsconfError, OSError):
                sent = send_closure(store, [wanted], process.stdin, process.stdout)
            with suppress(OSError):
                process.stdin.close()
            return process.wait(timeout=60), process.stderr.read().decode(), sent

        assert send(ALICE, text) == (0, "", [path, text])
        assert send(BOB, text) == (0, "", [])
        code, complaint, _ = send(ALICE, foreign)
    assert code == 1 and "may not vouch for it" in complaint and "Traceback" not in complaint
    assert (served.store / path.lstrip("/") / "deep/file").read_text() == "content"
    assert not (served.store / foreign.lstrip("/")).exists()
    assert served.succeed(0, "store", "verify", "--check-contents") == ""


def as_client(served: Site, uid: int, action: object) -> None:
    """Talk to the daemon as a user: `action` raises, or asserts."""

    def talk() -> None:
        assert callable(action)
        with DaemonStore.connect(served.socket, DEFAULT_STORE_DIR) as store:
            action(store)

    assert run_as(uid, talk) == 0


def expect_refusal(code: str, act: object) -> None:
    assert callable(act)
    try:
        act()
    except OsconfError as error:
        assert error.code == code, f"{error.code}: {error}"
    else:
        raise AssertionError(f"not refused with {code}")


def test_derivation_cannot_take_anothers_name(served: Site) -> None:
    victim = served.succeed(0, "eval", "--raw", "-E", f"({served.write_recipe('victim', 'echo good > $out')}).outPath")
    forged = Derivation(
        {"out": DerivationOutput(victim)}, {}, (), "x86_64-linux", "/usr/bin/sh", ("-c", "echo evil > $out"),
        {"name": "victim", "out": victim},
    )  # fmt: skip
    file = served.home(ALICE) / "victim.drv"
    file.write_bytes(serialize(forged))

    def attack(store: DaemonStore) -> None:
        def write() -> None:
            store.add_text("victim.drv", serialize(forged))
            store.flush()

        expect_refusal("bad-derivation", write)

    def attack_by_file(store: DaemonStore) -> None:
        for path in (str(file), f"{DEFAULT_STORE_DIR}/../../..{file}"):
            for operation in ("realise", "plan"):
                expect_refusal(
                    "bad-store-path", lambda p=path, o=operation: store.request(o, {"wanted": [p], "options": {}})
                )

    as_client(served, ALICE, attack)
    as_client(served, ALICE, attack_by_file)
    assert not (served.store / victim.lstrip("/")).exists()


def test_only_own_links_are_roots(served: Site) -> None:
    path = served.succeed(BOB, "build", "-E", served.write_recipe("bobs", "echo bob > $out"))
    link = served.home(BOB) / "result"

    def attack(store: DaemonStore) -> None:
        expect_refusal("not-allowed", lambda: store.request("add-root", {"link": str(link)}))
        expect_refusal("no-root", lambda: store.request("add-root", {"link": "relative"}))
        expect_refusal("no-root", lambda: store.request("add-root", {"link": f"{link}/../../x"}))
        expect_refusal("not-allowed", lambda: store.request("delete", {"paths": [path]}))
        expect_refusal("not-allowed", lambda: store.add_signatures({path: ["x:eA=="]}))

    as_client(served, ALICE, attack)


def test_bad_frames_end_one_conversation_alone(served: Site) -> None:
    generator = random.Random(7)
    greeting = b'{"protocol":"osconf-store","version":1}'
    greeting = struct.pack(">I", len(greeting)) + b"J" + greeting
    attacks = [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">I", 1 << 31) + b"J",
        greeting + struct.pack(">I", 1 << 30) + b"J",
        greeting + struct.pack(">I", 4) + b"Dabcd",
        greeting + struct.pack(">I", 2) + b"J[]",
        greeting + struct.pack(">I", 5) + b'J{"a":',
        greeting + struct.pack(">I", 20000) + b"J" + b"[" * 20000,
        greeting[:9],
        *(generator.randbytes(200) for _ in range(20)),
        *(greeting + generator.randbytes(200) for _ in range(20)),
    ]
    for attack in attacks:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(served.socket))
            connection.settimeout(20)
            try:
                connection.sendall(attack)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
            except ConnectionError:
                continue

    def ask_badly(store: DaemonStore) -> None:
        for arguments in ({"paths": "x"}, {"paths": ["/etc/passwd"]}, {}, {"paths": [["x"]]}, {"paths": None}):
            with pytest.raises(OsconfError):
                store.request("closure-edges", arguments)

    as_client(served, ALICE, ask_badly)
    assert served.succeed(ALICE, "eval", "-E", "1 + 1") == "2"
    assert "Traceback" not in (served.root / "daemon.log").read_text()


def test_client_killed_while_it_sends(served: Site) -> None:
    def send_half() -> None:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(served.socket))
        channel = Channel.over(connection)
        store = DaemonStore.greet(channel, DEFAULT_STORE_DIR)
        assert store.user == str(ALICE)
        channel.send({"operation": "add-path", "arguments": {"name": "half", "recursive": True, "algorithm": "sha256"}})
        from osconf.model.nar import dump_bytes

        channel.send_data(dump_bytes(b"x" * 3_000_000)[:2_000_000])
        os.kill(os.getpid(), signal.SIGKILL)

    assert run_as(ALICE, send_half) == -signal.SIGKILL
    store = served.store / "osconf/store"
    served.wait_until(lambda: not list((store / ".temporary").iterdir()), "what was half sent stays")
    assert served.succeed(0, "store", "verify", "--check-contents") == ""
    assert not list(store.glob("*-half"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupt", "kill"])
def test_build_ends_with_its_client(served: Site, how: signal.Signals) -> None:
    seconds = f"60.{int(how):03}"
    process = served.start(
        ALICE, "build", "--no-link", "-E", served.write_recipe("long", f"sleep {seconds}; echo > $out")
    )
    served.wait_until(lambda: bool(builders_of(seconds)), "the builder does not start")
    process.send_signal(how)
    process.communicate(timeout=20)
    served.wait_until(lambda: not builders_of(seconds), "the builder goes on without its client")
    assert served.succeed(0, "store", "verify", "--check-contents") == ""


ENDLESS = "{% for a in range(99999) %}" * 5 + "{% endfor %}" * 5


def is_held(lock: Path) -> bool:
    """Whether a process has a lock."""
    with suppress(FileNotFoundError), lock.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize("uid", [0, ALICE])
def test_endless_builtin_ends_with_its_client(served: Site, uid: int) -> None:
    """The time it takes is bounded, the lock is free again, and the next collection removes what it left."""
    expression = f'''derivation {{
        name = "endless"; system = "builtin"; builder = "builtin:render"; template = "{ENDLESS}";
    }}'''
    socket_variable = {"OSCONF_DAEMON": str(served.socket)}
    process = served.start(uid, "build", "--no-link", "-E", expression, variables=socket_variable)
    locks = served.store / "osconf/var/locks"
    served.wait_until(lambda: any(is_held(lock) for lock in locks.glob("*-endless.lock")), "it does not start")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    served.wait_until(lambda: not any(is_held(lock) for lock in locks.glob("*-endless.lock")), "it goes on for nobody")
    served.succeed(BOB, "gc")
    store = served.store / "osconf/store"
    assert [*(store / ".temporary").iterdir(), *store.glob("*-endless"), *locks.iterdir()] == []
    # Others are served as before, and the same name can be built.
    served.succeed(BOB, "build", "--no-link", "-E", served.write_recipe("endless", "echo > $out"))


def test_build_that_another_waits_for_goes_on(served: Site) -> None:
    expression = served.write_recipe("wanted", "echo begun; sleep 9.432; echo whole > $out")
    first = served.start(ALICE, "-v", "build", "--no-link", "-E", expression)
    served.wait_until(lambda: bool(builders_of("9.432")), "the builder does not start")
    builder = builders_of("9.432")
    second = served.start(BOB, "-v", "build", "-E", expression)
    served.wait_until(lambda: bool(list((served.store / "osconf/var/locks").glob("*.wanted.lock"))), "nobody waits")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=20)
    assert builders_of("9.432") in (builder, [])
    _, complaint = second.communicate(timeout=60)
    assert second.returncode == 0 and "begun" not in complaint, complaint
    assert (served.home(BOB) / "result").read_text() == "whole\n"
    # Nobody waits for this one any more when both have left.
    expression = served.write_recipe("unwanted", "sleep 61.543; echo whole > $out")
    both = [served.start(uid, "build", "--no-link", "-E", expression) for uid in (ALICE, BOB)]
    served.wait_until(lambda: bool(builders_of("61.543")), "the builder does not start")
    served.wait_until(lambda: bool(list((served.store / "osconf/var/locks").glob("*-unwanted.wanted.lock"))), "no wait")
    for process in both:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    served.wait_until(lambda: not builders_of("61.543"), "the builder goes on for nobody")


def test_client_that_does_not_read_holds_up_nobody(served: Site) -> None:
    line = "x" * 1000
    script = f"i=0; while [ $i != 3000 ]; do echo {line}; i=$((i+1)); done; echo whole > $out"
    expression = served.write_recipe("chatty", script)
    drv = served.succeed(ALICE, "instantiate", "-E", expression)

    def ask_and_be_deaf() -> None:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(served.socket))
        channel = Channel.over(connection)
        DaemonStore.greet(channel, DEFAULT_STORE_DIR)
        channel.send({"operation": "realise", "arguments": {"wanted": [f"{drv}!out"], "options": {}}})
        time.sleep(120)

    pid = start_as(ALICE, ask_and_be_deaf)
    try:
        locks = served.store / "osconf/var/locks"
        served.wait_until(lambda: bool(list(locks.glob("*-chatty.lock"))), "the build does not start")
        served.succeed(BOB, "build", "-E", expression)
        assert (served.home(BOB) / "result").read_text() == "whole\n"
        served.wait_until(lambda: not list(locks.glob("*-chatty.lock")), "the lock stays")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_daemon_killed_during_a_build(served: Site) -> None:
    expression = served.write_recipe("again", "echo half > $out; sleep 3.777; echo whole > $out")
    process = served.start(ALICE, "build", "-E", expression)
    served.wait_until(lambda: bool(builders_of("3.777")), "the builder does not start")
    served.kill_daemon()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1 and "daemon ended in the middle" in err and "Traceback" not in err
    served.wait_until(lambda: not builders_of("3.777"), "the builder goes on without its daemon")
    refused = served.run(ALICE, "store", "roots")
    assert refused.returncode == 1 and "cannot be reached" in refused.stderr
    served.start_daemon()
    assert not [entry for entry in (served.store / "osconf/store/.temporary").iterdir() if list(entry.iterdir())]
    served.succeed(ALICE, "build", "-E", expression)
    assert (served.home(ALICE) / "result").read_text() == "whole\n"
    assert served.succeed(0, "store", "verify", "--check-contents") == ""


def test_only_allowed_users_are_served(site: Site) -> None:
    site.start_daemon("--allowed-user", str(ALICE))
    site.succeed(ALICE, "store", "roots")
    refused = site.run(BOB, "store", "roots")
    assert refused.returncode == 1 and "may not use this machine's store" in refused.stderr


def test_own_store_needs_no_daemon(served: Site) -> None:
    home = served.home(ALICE)
    done = served.run(ALICE, "--store", home / "own", "store", "add", served.root / "environment/usr/bin/sh")
    assert done.returncode == 0, done.stderr
    assert (home / "own/osconf/store").stat().st_uid == ALICE


SECRET = "the combination is 12345"


def test_builds_for_strangers_see_no_secrets(served: Site) -> None:
    """Builtin builders run as root: what they are led to must be what the user could read."""
    secret = served.root / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    home = served.home(ALICE)
    for name, target in (("direct", secret), ("proc", f"/proc/1/root{secret}"), ("self", f"/proc/self/root{secret}")):
        (home / name).symlink_to(target)
    (home / "shadow").symlink_to("/etc/shadow")
    (home / "disk").symlink_to("/dev/vda")
    public = served.root / "public"
    public.write_text("not secret")
    hash_ = subprocess.run(["sha256sum", secret], capture_output=True, text=True, check=True).stdout.split()[0]
    attempts = [
        f'derivation {{ name = "x"; system = "builtin"; builder = "builtin:render"; template = "${{./{name}}}"; }}'
        for name in ("direct", "proc", "self", "shadow", "disk")
    ]
    attempts.append(
        'derivation { name = "x"; system = "builtin"; builder = "builtin:fetchurl"; outputHashMode = "flat";'
        f' outputHashAlgo = "sha256"; outputHash = "{hash_}"; url = "file://{secret}"; }}'
    )
    (served.root / "private/usr").mkdir(parents=True)
    (served.root / "private/usr/secret").write_text(SECRET)
    up = "/.." * 20
    attempts += [
        'derivation { name = "x"; system = builtins.currentSystem; builder = "/usr/bin/sh"; args = [ "-c" "" ];'
        f' osconfEnvironment = "{place}"; }}'
        for place in (
            f"{served.root}/private",
            f"{DEFAULT_STORE_DIR}{up}{served.root}/private",
            f"{up}{served.root}/private",
        )
    ]
    for expression in attempts:
        done = served.run(ALICE, "build", "--no-link", "-E", expression)
        assert done.returncode in (1, 3), (expression, done)
        assert "Traceback" not in done.stderr and SECRET not in done.stderr + done.stdout
    assert "Traceback" not in (served.root / "daemon.log").read_text()
    held = subprocess.run(["grep", "-rl", SECRET, served.store], capture_output=True, text=True, check=False)
    assert held.stdout == ""
    trusted = served.run(0, "build", "--no-link", "-E", attempts[5])
    assert trusted.returncode == 0, trusted.stderr


def test_unfinished_outputs_cannot_be_reached(served: Site) -> None:
    """A builder's program is setuid until it is made canonical; nobody may run it meanwhile."""
    place = served.store / "osconf/store/.temporary"
    served.succeed(ALICE, "store", "roots")
    assert place.stat().st_mode & 0o777 == 0o700


def test_daemon_is_started_by_a_socket_and_ends_when_idle(site: Site) -> None:
    """As systemd does it: the socket is there first, and stays."""
    site.socket.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(site.socket))
        site.socket.chmod(0o666)
        listening.listen()
        start = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3);"
            " os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.argv[2], sys.argv[2:])"
        )
        words = site.command("daemon", "--idle-exit", "1")
        process = subprocess.Popen(
            [words[0], "-c", start, str(listening.fileno()), *words],
            pass_fds=[listening.fileno()],
            env=site.environment(0),
            stderr=subprocess.PIPE,
            cwd=site.root,
        )
        try:
            assert site.succeed(ALICE, "store", "roots") == ""
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
        assert process.stderr is not None and process.stderr.read() == b""
        assert site.socket.is_socket()


def test_two_daemons_do_not_share_a_socket(served: Site) -> None:
    done = served.run(0, "daemon")
    assert done.returncode == 1 and "listens at" in done.stderr
    assert served.succeed(ALICE, "store", "roots") == ""
