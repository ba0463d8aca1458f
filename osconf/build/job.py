"""Building one derivation: locks, the builder, its outputs, its log.

Owns what happens between "this derivation's inputs are valid" and "its outputs are in place", for one derivation at a
time. The order among derivations is `realise`'s.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from osconf.build.builtin import BuiltinBuilder, BuiltinRequest
from osconf.build.inputs import reference_candidates
from osconf.build.logs import BuildLog, log_path
from osconf.build.outputs import FinishedOutput, check_outputs, finish_outputs, install_outputs, replace_outputs
from osconf.build.overseer import Overseer
from osconf.build.placeholders import real_environment
from osconf.build.reporter import Reporter
from osconf.build.sandboxed import ENTER, build_in_sandbox
from osconf.build.settings import BuildSettings
from osconf.errors import BuildError, OsconfError
from osconf.model.derivation import BUILTIN_PREFIX, Derivation
from osconf.store.canonical import explain_os_error, remove_tree
from osconf.store.local import LocalStore
from osconf.store.locks import LockWait, PathLock, is_wanted, want_path

_FLUSH_SECONDS = 0.5
_FULL_BYTES = 1 << 18


@dataclass(frozen=True)
class BuildContext:
    """What every job of one run shares."""

    store: LocalStore
    builders: Mapping[str, BuiltinBuilder]
    settings: BuildSettings
    reporter: Reporter
    cancelled: Event
    overseer: Overseer = field(default_factory=Overseer)


def build_derivation(context: BuildContext, drv_path: str, *, rebuild: bool = False) -> None:
    """Build a derivation whose inputs are valid, unless another process just did."""
    store = context.store
    drv = store.read_derivation(drv_path)
    with ExitStack() as stack:
        locks = _lock_outputs(context, drv_path, drv, stack)
        paths = [output.path for output in drv.outputs.values()]
        is_there = len(store.valid_among(paths)) == len(paths)
        if is_there and not rebuild:
            return
        if rebuild and not is_there and not context.settings.repair:
            raise BuildError(
                f"'{drv.name}' is not in the store, so there is nothing to compare with",
                drv=drv_path,
                code="never-built",
                hint="build it first, then once more with '--check'",
            )
        started = time.monotonic()
        context.reporter.build_started(drv_path, drv.name)
        error: OsconfError | None = None
        try:
            _build(context, drv_path, drv, locks if not rebuild else [], rebuild)
            if not rebuild:
                stack.pop_all()
        except OsconfError as problem:
            error = problem
            raise
        finally:
            context.reporter.build_finished(drv_path, drv.name, time.monotonic() - started, error)


def _lock_outputs(context: BuildContext, drv_path: str, drv: Derivation, stack: ExitStack) -> list[PathLock]:
    """Take the locks of all outputs, in one order everywhere."""
    locks = []
    for path in sorted(output.path for output in drv.outputs.values()):
        lock = PathLock(context.store.layout.locks, path.rpartition("/")[2])
        if not lock.try_acquire():
            _wait_for_lock(context, drv_path, drv, lock)
        stack.callback(lock.release)
        locks.append(lock)
    return locks


def _wait_for_lock(context: BuildContext, drv_path: str, drv: Derivation, lock: PathLock) -> None:
    """Wait until another process has built the same."""
    wait = LockWait(
        lock.file,
        f"'{drv.name}'",
        limit=context.settings.lock_timeout,
        silent=0,
        tell=lambda holder: context.reporter.build_waits(drv_path, drv.name, holder),
    )
    flush_at = 0.0
    with want_path(context.store.layout.locks, lock.name):
        while not lock.try_acquire():
            if time.monotonic() >= flush_at:
                # Whoever holds it may wait for a lock of ours that is only kept until registration.
                context.store.flush()
                flush_at = time.monotonic() + _FLUSH_SECONDS
            wait.pause(context.cancelled.wait)
            _stop_if_cancelled(context.cancelled, drv_path)


class _Patience(Event):
    """A cancellation that waits while another process waits for what is being built."""

    def __init__(self, context: BuildContext, drv: Derivation) -> None:
        super().__init__()
        self._cancelled = context.cancelled
        self._directory = context.store.layout.locks
        self._names = [output.path.rpartition("/")[2] for output in drv.outputs.values()]

    def is_set(self) -> bool:
        """Whether to stop now."""
        return self._cancelled.is_set() and not any(is_wanted(self._directory, name) for name in self._names)


def _stop_if_cancelled(cancelled: Event, drv_path: str) -> None:
    if cancelled.is_set():
        raise BuildError("the build was interrupted", drv=drv_path, code="interrupted")


def _build(context: BuildContext, drv_path: str, drv: Derivation, locks: list[PathLock], rebuild: bool) -> None:
    store = context.store
    work = store.temporary_path()
    log = BuildLog(log_path(store, drv_path), lambda line: context.reporter.log_line(drv_path, line))
    keep = False
    try:
        work.mkdir(parents=True)
        finished = _run_builder(context, drv_path, drv, work, log)
        check_outputs(store, drv_path, drv, finished)
        if rebuild and context.settings.repair:
            replace_outputs(store, finished)
        elif rebuild:
            _compare(context, drv_path, finished)
        else:
            store.registrar.add_built(install_outputs(store, finished), locks)
    except BuildError as error:
        error.drv = error.drv or drv_path
        error.log_tail = error.log_tail or log.tail_text()
        if _is_disk_full(work):
            error.hint = "the disk is full: free some space with 'osconf gc', then try again"
        keep = context.settings.keep_failed
        if keep:
            error.hint = "; ".join([*([error.hint] if error.hint else []), _describe_kept(work)])
        raise
    except OSError as error:
        explained = explain_os_error(f"build '{drv.name}'", error)
        if explained is not None:
            raise explained from error
        raise BuildError(f"cannot build '{drv.name}': {error}", drv=drv_path, log_tail=log.tail_text()) from error
    finally:
        if not keep:
            remove_tree(work)
        log.close()


def _describe_kept(work: Path) -> str:
    """Where a failed build can be looked at."""
    # Whoever reads this may have asked a daemon, and may not enter what belongs to root.
    who = " (for root)" if os.geteuid() == 0 else ""
    if (work / ENTER).exists():
        return f"a shell where it failed{who}, until the next gc: sh {work / ENTER}"
    return f"its directory is kept{who} until the next gc: {work}"


def _is_disk_full(place: Path) -> bool:
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize < _FULL_BYTES


def _run_builder(
    context: BuildContext, drv_path: str, drv: Derivation, work: Path, log: BuildLog
) -> list[FinishedOutput]:
    cancelled = _Patience(context, drv) if context.settings.finish_for_others else context.cancelled
    if not drv.is_builtin:
        places = build_in_sandbox(context.store, drv_path, drv, work, log, context.settings, cancelled)
        return finish_outputs(context.store, drv_path, drv, places, None, reference_candidates(context.store, drv))
    name = drv.builder.removeprefix(BUILTIN_PREFIX)
    builder = context.builders.get(name)
    if builder is None:
        raise BuildError(
            f"derivation '{drv.name}' wants the unknown builder '{drv.builder}'",
            drv=drv_path,
            hint=f"known are {', '.join(sorted(context.builders))}",
        )
    _check_version(drv_path, drv, builder)
    outputs = {output: work / "outputs" / output for output in drv.outputs}
    scratch = work / "scratch"
    scratch.mkdir()
    (work / "outputs").mkdir()

    def report_progress(done: int, total: int) -> None:
        _stop_if_cancelled(cancelled, drv_path)
        context.reporter.progress(drv_path, done, total)

    request = BuiltinRequest(
        drv_path=drv_path,
        drv=drv,
        env=real_environment(drv),
        outputs=outputs,
        scratch=scratch,
        store=context.store,
        settings=context.settings,
        log=log.line,
        progress=report_progress,
    )
    timeout = context.settings.timeout
    try:
        result = context.overseer.run(drv_path, drv.name, cancelled, timeout, lambda: builder(request))
    except (OsconfError, OSError):
        raise
    except Exception as error:
        raise BuildError(
            f"'{drv.builder}' cannot make '{drv.name}': {type(error).__name__}: {error}",
            drv=drv_path,
            code="builder-failed",
            hint="an attribute may be of the wrong kind; `osconf --debug` shows where it went wrong",
        ) from error
    declared = result.references if result is not None else None
    candidates = reference_candidates(context.store, drv) if declared is None else ()
    return finish_outputs(context.store, drv_path, drv, outputs, declared, candidates)


def _check_version(drv_path: str, drv: Derivation, builder: BuiltinBuilder) -> None:
    wanted = drv.env.get("builderVersion")
    if wanted is not None and wanted != builder.version:
        raise BuildError(
            f"derivation '{drv.name}' was made for version {wanted} of '{drv.builder}', this osconf has"
            f" {builder.version}",
            drv=drv_path,
            code="builder-version",
            hint="evaluate the configuration again with this osconf",
        )


def _compare(context: BuildContext, drv_path: str, finished: list[FinishedOutput]) -> None:
    for output in finished:
        known = context.store.query_path_info(output.info.path)
        if known.nar_hash != output.info.nar_hash:
            before = context.store.real_path(output.info.path)
            raise BuildError(
                f"output '{output.info.path}' is not the same when it is built again:\n"
                f"  before: {known.nar_hash.sri()}\n  now:    {output.info.nar_hash.sri()}",
                drv=drv_path,
                code="not-deterministic",
                hint=f"compare them: diff -r {before} {output.place}"
                if context.settings.keep_failed
                else "'--keep-failed' keeps the new one, to be compared",
            )
