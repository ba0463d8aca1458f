"""Planning, scheduling, checking and failing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from osconf.build.builtin import BuiltinRequest, BuiltinResult, builtin_builder
from osconf.build.builtins import GENERIC_BUILDERS
from osconf.build.logs import log_path, read_log
from osconf.build.overseer import Overseer
from osconf.build.realise import plan_builds, realise
from osconf.build.repair import make_repair
from osconf.build.reporter import QuietReporter
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError, StoreError
from osconf.model.hashes import hash_bytes
from osconf.store.local import LocalStore
from osconf.store.locks import PathLock
from osconf.store.scan import ReferenceScanner, scan_tree
from tests.unit.build.conftest import Workbench


class Events(QuietReporter):
    """Remembers the names of what was built."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.failed: list[str] = []
        self.lines: list[str] = []

    def build_started(self, drv: str, name: str) -> None:
        self.started.append(name)

    def build_finished(self, drv: str, name: str, seconds: float, error: object) -> None:
        if error is not None:
            self.failed.append(name)

    def log_line(self, drv: str, line: str) -> None:
        self.lines.append(line)


def test_inputs_are_built_first_and_nothing_twice(bench: Workbench) -> None:
    a = bench.text("a", "a")
    b = bench.text("b", a.out, a)
    c = bench.text("c", a.out + b.out, a, b)
    assert [path.rpartition("-")[2] for path in plan_builds(bench.store, [c.path])] == ["a.drv", "b.drv", "c.drv"]
    events = Events()
    found = realise(bench.store, [f"{c.path}!out"], GENERIC_BUILDERS, BuildSettings(jobs=3), events)
    assert found == {c.path: {"out": c.out}}
    assert events.started == ["a", "b", "c"]
    assert bench.store.query_path_info(c.out).references == {a.out, b.out}
    assert bench.store.query_path_info(c.out).deriver == c.path
    assert plan_builds(bench.store, [c.path]) == []
    realise(bench.store, [c.path], GENERIC_BUILDERS, BuildSettings(), events)
    assert len(events.started) == 3


def test_unknown_output_is_refused(bench: Workbench) -> None:
    with pytest.raises(StoreError, match="no output 'dev'"):
        realise(bench.store, [bench.text("a", "a").path + "!dev"], GENERIC_BUILDERS)


def test_builtin_may_declare_references(bench: Workbench) -> None:
    a = bench.text("a", "a")

    @builtin_builder("7")
    def build(request: BuiltinRequest) -> BuiltinResult:
        request.out.mkdir()
        (request.out / "linked").hardlink_to(request.real_path(request.text("input")))
        return BuiltinResult({"out": frozenset([request.text("input")])})

    farm = bench.derive("farm", "builtin:farm", a, input=a.out, builderVersion="7")
    realise(bench.store, [farm.path], {**GENERIC_BUILDERS, "farm": build})
    linked = bench.store.real_path(farm.out) / "linked"
    assert linked.samefile(bench.store.real_path(a.out))
    assert bench.store.query_path_info(farm.out).references == {a.out}
    old = bench.derive("farm", "builtin:farm", a, input=a.out, builderVersion="6")
    with pytest.raises(BuildError) as caught:
        realise(bench.store, [old.path], {"farm": build})
    assert caught.value.code == "builder-version"


def test_failure_stops_what_needs_it_and_keep_going_builds_the_rest(bench: Workbench) -> None:
    bad = bench.derive("bad", "builtin:render", template="{{ missing }}")
    user = bench.text("user", bad.out, bad)
    fine = bench.text("fine", "x")
    events = Events()
    with pytest.raises(BuildError, match="'missing' is undefined") as caught:
        realise(bench.store, [user.path, fine.path], GENERIC_BUILDERS, BuildSettings(keep_going=True), events)
    assert bench.store.is_valid(fine.out)
    assert events.failed == ["bad"] and "user" not in events.started
    assert caught.value.drv == bad.path
    assert any("not built" in frame.doing for frame in caught.value.frames)
    assert list(bench.store.layout.temporary.iterdir()) == []


def test_failing_builder_keeps_its_log(bench: Workbench) -> None:
    bad = bench.shell("bad", "echo first; echo second >&2; exit 4")
    with pytest.raises(BuildError, match="exit code 4") as caught:
        bench.build(bad)
    assert caught.value.log_tail == "first\nsecond"
    assert "osconf log" in (caught.value.hint or "")
    assert log_path(bench.store, bad.path).exists()
    assert read_log(bench.store, bad.path) == "first\nsecond\n"
    # As after a power cut: nothing syncs a log.
    file = log_path(bench.store, bad.path)
    file.write_bytes(file.read_bytes() + bytes(100))
    assert read_log(bench.store, bad.path) == "first\nsecond\n"


def test_missing_output_is_explained(bench: Workbench) -> None:
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("none", "true"))
    assert caught.value.code == "output-missing"


@pytest.mark.parametrize("option", ["timeout", "max_silent_time"])
def test_slow_builders_are_killed(bench: Workbench, option: str) -> None:
    started = time.monotonic()
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("slow", "sleep 60 & sleep 60"), **{option: 0.5})
    assert caught.value.code == "build-timeout"
    assert time.monotonic() - started < 10


def test_fixed_output_is_compared(bench: Workbench) -> None:
    good = bench.shell("good", "printf data > $out", fixed=("sha256", hash_bytes("sha256", b"data").base16()))
    assert bench.build(good).read_text() == "data"
    bad = bench.shell("bad", "printf data > $out", fixed=("sha256", "00" * 32))
    with pytest.raises(BuildError) as caught:
        bench.build(bad)
    assert caught.value.code == "hash-mismatch"
    assert hash_bytes("sha256", b"data").sri() in caught.value.message
    assert not bench.store.is_valid(bad.out)


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ({"allowedReferences": ""}, "reference-not-allowed"),
        ({"disallowedRequisites": "{deep}"}, "reference-not-allowed"),
        ({"disallowedReferences": "{deep}"}, None),
        ({"allowedReferences": "{near}"}, None),
        ({"allowedRequisites": "{near}"}, "reference-not-allowed"),
        ({"allowedReferences": "{near} out"}, None),
        ({"allowedReferences": "{near} nonsense"}, "bad-output-check"),
        ({"maxSize": "10"}, "output-too-large"),
        ({"maxSize": "100000"}, None),
        ({"maxClosureSize": "300"}, "output-too-large"),
    ],
)
def test_output_checks(bench: Workbench, checks: dict[str, str], code: str | None) -> None:
    deep = bench.text("deep", "x")
    near = bench.text("near", deep.out, deep)
    env = {key: value.format(deep=deep.out, near=near.out) for key, value in checks.items()}
    checked = bench.derive("checked", "builtin:write", deep, near, text=near.out, **env)
    if code is None:
        bench.build(checked)
        return
    with pytest.raises(BuildError) as caught:
        bench.build(checked)
    assert caught.value.code == code


def test_an_output_may_require_itself(bench: Workbench) -> None:
    bench.build(bench.shell("self", "echo $out > $out", allowedRequisites=""))
    bench.build(bench.shell("self-too", "echo $out > $out", disallowedRequisites="out"))
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("refers", "echo $out > $out", allowedReferences=""))
    assert caught.value.code == "reference-not-allowed"


def test_outputs_in_a_circle_are_refused(bench: Workbench) -> None:
    recipe = bench.shell("circle", "echo $dev > $out; echo $out > $dev", outputs=("out", "dev"))
    with pytest.raises(BuildError) as caught:
        bench.build(recipe)
    assert caught.value.code == "output-cycle"
    assert all(output.path in caught.value.message for output in recipe.drv.outputs.values())
    assert not bench.store.is_valid(recipe.out)


def test_references_can_be_discarded(bench: Workbench) -> None:
    near = bench.text("near", "x")
    for discards in (True, False):
        structured = {"unsafeDiscardReferences": {"out": discards}, "in": near.out}
        recipe = bench.shell(f"image-{discards}", f"echo {near.out} > $out", near, structured=structured)
        bench.build(recipe)
        assert bench.store.query_path_info(recipe.out).references == (frozenset() if discards else {near.out})


@pytest.mark.skipif(shutil.which("mkfifo") is None, reason="needs mkfifo")
def test_pipes_are_no_output(bench: Workbench) -> None:
    with pytest.raises(BuildError, match="the builder of 'pipe' made what cannot be kept"):
        bench.build(bench.shell("pipe", "mkfifo $out"))


def test_a_builder_that_is_killed_says_by_what(bench: Workbench) -> None:
    with pytest.raises(BuildError, match="exit code 137, as when SIGKILL ends") as caught:
        bench.build(bench.shell("killed", "kill -9 $$"))
    assert "memory" in (caught.value.hint or "")
    with pytest.raises(BuildError, match=r"exit code 200$"):
        bench.build(bench.shell("odd", "exit 200"))


def test_check_and_repair(bench: Workbench) -> None:
    stable = bench.shell("stable", "echo same > $out")
    random = bench.shell("random", "head -c 8 /dev/urandom > $out")
    with pytest.raises(BuildError, match="nothing to compare with") as caught:
        bench.build(stable, check=True)
    assert caught.value.code == "never-built"
    bench.build(stable, random)
    bench.build(stable, check=True)
    with pytest.raises(BuildError) as caught:
        bench.build(random, check=True)
    assert caught.value.code == "not-deterministic"
    real = bench.store.real_path(stable.out)
    real.chmod(0o644)
    real.write_text("damage")
    repair = make_repair(bench.store, GENERIC_BUILDERS, bench.settings)
    report = bench.store.verify(check_contents=True, repair=repair)
    assert report.changed == [stable.out] and report.is_sound
    assert real.read_text() == "same\n"


def test_repair_leaves_good_outputs_alone(bench: Workbench) -> None:
    recipe = bench.shell("two", "echo out > $out; echo dev > $dev", outputs=("out", "dev"))
    bench.build(recipe)
    out, dev = (bench.store.real_path(recipe.drv.output_path(name)) for name in ("out", "dev"))
    out.chmod(0o644)
    out.write_text("damaged")
    inode = dev.stat().st_ino
    repair = make_repair(bench.store, GENERIC_BUILDERS, bench.settings)
    assert bench.store.verify(check_contents=True, repair=repair).is_sound
    assert (out.read_text(), dev.stat().st_ino) == ("out\n", inode)


def test_second_process_waits_and_uses_the_result(bench: Workbench) -> None:
    recipe = bench.text("shared", "x")
    bench.store.flush()
    lock = PathLock(bench.store.layout.locks, recipe.out.rpartition("/")[2])
    lock.acquire()
    events = Events()
    with LocalStore.open(bench.store.root, durable=False) as other:
        thread = threading.Thread(
            target=realise, args=(other, [recipe.path], GENERIC_BUILDERS, BuildSettings(), events)
        )
        thread.start()
        time.sleep(0.3)
        assert events.started == []
        bench.store.real_path(recipe.out).write_text("x")
        info = scan_tree(bench.store.real_path(recipe.out), ReferenceScanner(()))
        from osconf.model.path_info import PathInfo

        bench.store.registrar.register([PathInfo(recipe.out, info[0], info[1])])
        lock.release()
        thread.join(10)
        assert events.started == []
        assert other.is_valid(recipe.out)


def test_killed_process_leaves_a_sound_store(bench: Workbench) -> None:
    first = bench.shell("first", "echo x > $out")
    slow = bench.shell("slow", "mkdir $out; echo begun > $out/x; sleep 60", first)
    bench.store.flush()
    script = (
        "import sys; from pathlib import Path; from osconf.store.local import LocalStore\n"
        "from osconf.build.realise import realise; from osconf.build.settings import BuildSettings\n"
        "paths = dict.fromkeys(('/usr', '/bin', '/lib', '/lib64')); paths = {p: p for p in paths if Path(p).exists()}\n"
        "store = LocalStore.open(Path(sys.argv[1]), durable=False)\n"
        "realise(store, [sys.argv[2]], {}, BuildSettings(sandbox_paths=paths))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(bench.store.root), slow.path])
    deadline = time.monotonic() + 20
    while not list(bench.store.layout.temporary.glob("*/store/*-slow/x")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not bench.store.is_valid(slow.out)
    with LocalStore.open(bench.store.root, durable=False) as other:
        assert other.verify(check_contents=True).is_sound
        assert not other.is_valid(slow.out)
        other.collect_garbage()
    assert list(bench.store.layout.temporary.iterdir()) == []
    remaining = {path.name for path in bench.store.layout.store.iterdir() if not path.name.startswith(".")}
    assert remaining == {path.rpartition("/")[2] for path in bench.store.valid_paths()}


def test_keep_failed_leaves_the_directory_and_a_way_in(bench: Workbench) -> None:
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("bad", "echo x > made; exit 1"), keep_failed=True)
    (work,) = bench.store.layout.temporary.iterdir()
    assert str(work) in (caught.value.hint or "")
    assert ("for root" in (caught.value.hint or "")) == (os.geteuid() == 0)
    assert (work / "build/made").exists()
    assert "launcher.py" in (work / "enter").read_text()


def test_300_small_builds(bench: Workbench) -> None:
    recipes = [bench.text(f"t{number}", str(number)) for number in range(300)]
    top = bench.text("top", "".join(recipe.out for recipe in recipes), *recipes)
    assert bench.build(top, jobs=2).is_file()
    assert len(bench.store.query_path_info(top.out).references) == 300


def test_output_leading_out_is_refused(bench: Workbench) -> None:
    bad = bench.derive("bad", "builtin:write", text="x", destination="../../x")
    with pytest.raises(BuildError, match="leads out"):
        bench.build(bad)


def test_other_systems_are_refused(bench: Workbench) -> None:
    recipe = bench.shell("x", "true")
    with pytest.raises(BuildError) as caught:
        bench.build(recipe, system="aarch64-linux")
    assert caught.value.code == "wrong-system"


def test_wanted_must_be_a_derivation(bench: Workbench) -> None:
    with pytest.raises(BuildError, match="is not a derivation"):
        realise(bench.store, [str(Path("/osconf/store/x"))], GENERIC_BUILDERS)


def test_cancelling_kills_what_runs(bench: Workbench) -> None:
    slow = [bench.shell(f"slow{number}", "sleep 60") for number in range(3)]
    cancelled = threading.Event()
    threading.Timer(0.4, cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(BuildError) as caught:
        realise(
            bench.store,
            [recipe.path for recipe in slow],
            {},
            BuildSettings(**{**bench.settings.__dict__, "jobs": 2}),
            cancelled=cancelled,
        )
    assert caught.value.code == "interrupted"
    assert time.monotonic() - started < 10
    assert list(bench.store.layout.temporary.iterdir()) == []


def loop(_request: BuiltinRequest) -> None:
    while True:
        pass


def realise_own(bench: Workbench, function: Callable[[BuiltinRequest], None], **options: object) -> BuildError:
    """Build with a builder that will not end, and something simple; what the build says of that."""
    endless = bench.derive("endless", "builtin:own")
    fine = bench.text("fine", "x")
    builders = {**GENERIC_BUILDERS, "own": builtin_builder("1")(function)}
    cancelled = options.pop("cancelled", None)
    with pytest.raises(BuildError) as caught:
        realise(bench.store, [endless.path, fine.path], builders, BuildSettings(**options), cancelled=cancelled)
    assert not bench.store.is_valid(endless.out)
    return caught.value


def test_endless_builtin_is_cancelled(bench: Workbench) -> None:
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    started = time.monotonic()
    assert realise_own(bench, loop, cancelled=cancelled, jobs=2).code == "interrupted"
    assert time.monotonic() - started < 5
    assert list(bench.store.layout.temporary.iterdir()) == []
    # Its lock is free: the same can be built at once.
    endless = bench.derive("endless", "builtin:own")
    realise(bench.store, [endless.path], {"own": builtin_builder("1")(lambda request: request.out.touch())})


def test_time_limit_holds_for_builtins(bench: Workbench) -> None:
    started = time.monotonic()
    error = realise_own(bench, loop, timeout=0.5, keep_going=True)
    assert error.code == "build-timeout" and "'endless' took longer than 0.5 seconds" in error.message
    assert time.monotonic() - started < 5
    assert bench.store.is_valid(bench.text("fine", "x").out)
    assert list(bench.store.layout.temporary.iterdir()) == []


def test_builtin_that_hears_nothing_is_given_up(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One long call of the system: no exception reaches the thread before it is over."""
    monkeypatch.setattr("osconf.build.overseer._GRACE_SECONDS", 0.5)
    over = threading.Event()
    try:
        started = time.monotonic()
        error = realise_own(bench, lambda _request: over.wait() and None, timeout=0.5)
        assert error.code == "build-timeout" and time.monotonic() - started < 5
    finally:
        over.set()


def test_builtin_that_ends_by_itself_is_let_be(bench: Workbench) -> None:
    """An exception that was sent too late must not hit what the thread does next."""
    overseer = Overseer()
    cancelled = threading.Event()
    cancelled.set()
    stop = threading.Event()

    def look_all_the_time() -> None:
        while not stop.is_set():
            overseer.look()

    looking = threading.Thread(target=look_all_the_time)
    looking.start()
    try:
        for number in range(300):
            with suppress(BuildError):
                overseer.run(f"{number}", "short", cancelled, 0, lambda: sum(range(300)))
            sum(number for number in range(1000))
    finally:
        stop.set()
        looking.join()


def test_interrupt_ends_endless_builtins(tmp_path: Path) -> None:
    """Ctrl-C, in the main thread; whoever is deaf to it ends with the process."""
    script = f"""
import os, threading
from pathlib import Path
from osconf.build.builtin import builtin_builder
from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.store.local import LocalStore
from tests.unit.build.conftest import Workbench
from tests.unit.build.test_realise import loop
deaf = builtin_builder("1")(lambda request: print("begun", flush=True) or threading.Event().wait())
with LocalStore.open(Path({str(tmp_path)!r}), durable=False) as store:
    bench = Workbench(store)
    wanted = [bench.derive("a", "builtin:loop").path, bench.derive("b", "builtin:deaf").path]
    try:
        realise(store, wanted, dict(loop=builtin_builder("1")(loop), deaf=deaf), BuildSettings(jobs=2))
    except KeyboardInterrupt:
        os._exit(130)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], env={**os.environ}
    )
    assert process.stdout is not None and process.stdout.readline() == b"begun\n"
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert time.monotonic() - asked < 10
