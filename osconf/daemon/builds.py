"""Building for a client: in a process of its own, which ends when the client leaves.

The connection's process waits for its client and for the builder process at once. The builder tells events straight to
the client, without ever waiting for it, and gives its result to the connection's process, which makes the outputs
temporary roots of the whole conversation before the builder lets them go.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event
from typing import Any, NoReturn, Protocol

from osconf.build.reporter import Reporter
from osconf.build.settings import BuildSettings
from osconf.daemon.confine import Confinement, children_apart, enter_confinement
from osconf.daemon.events import EventSender
from osconf.daemon.limits import lift_memory_limit
from osconf.daemon.messages import decode_error, encode_error
from osconf.daemon.outbox import Outbox
from osconf.daemon.wire import Channel, Disconnected, Message
from osconf.errors import BuildError, OsconfError
from osconf.log import logger
from osconf.store.local import LocalStore

_PR_SET_PDEATHSIG = 1
_MAX_JOBS = 256
# A builder process that was told to end says every second that it lives, as long as there is a reason to go on.
_PULSE_SECONDS, _SILENT_SECONDS = 1.0, 10.0
_PULSE = b" "

Outputs = Mapping[str, Mapping[str, str]]


class Builder(Protocol):
    """What builds in a store; `osconf.rebuild` knows the builders and the archive."""

    @property
    def settings(self) -> BuildSettings:
        """The machine's own settings: its caches, keys and limits."""

    def realise(
        self, store: LocalStore, wanted: Sequence[str], settings: BuildSettings, reporter: Reporter, cancelled: Event
    ) -> Outputs:
        """Build."""

    def plan(self, store: LocalStore, wanted: Sequence[str], settings: BuildSettings) -> list[str]:
        """The derivations that would be built."""


def choose_settings(
    machine: BuildSettings, options: Mapping[str, Any], *, is_trusted: bool, uid: int
) -> tuple[BuildSettings, list[str]]:
    """The machine's settings with what a client may choose: how much at once, how long, what to do on a failure.

    Caches and keys are the machine's; a trusted client may name others. Those of an untrusted one are left out, with
    warnings that say so.
    """
    settings = replace(
        machine,
        jobs=_number(options, "jobs", machine.jobs, 1, _MAX_JOBS),
        cores=_number(options, "cores", machine.cores, 0, 4096),
        keep_going=bool(options.get("keepGoing")),
        check=bool(options.get("check")),
        finish_for_others=True,
        timeout=_limit(machine.timeout, options.get("timeout")),
        max_silent_time=_limit(machine.max_silent_time, options.get("maxSilentTime")),
    )
    caches = _texts(options, "caches", machine.caches)
    keys = _texts(options, "trustedKeys", machine.trusted_keys)
    if is_trusted:
        keep_failed = bool(options.get("keepFailed"))
        return replace(settings, keep_failed=keep_failed, caches=caches, trusted_keys=keys), []
    # What a build leaves in the cache of compiled Python is as good as the builds it came from.
    cache_dir = None if machine.cache_dir is None else machine.cache_dir / "users" / str(uid)
    foreign = [cache for cache in caches if cache not in machine.caches]
    foreign += [key for key in keys if key not in machine.trusted_keys]
    warnings = [f"{each}: not used, because you are not a trusted user of this machine's store" for each in foreign]
    settings = replace(
        settings,
        cache_dir=cache_dir,
        public_files=True,
        caches=tuple(cache for cache in caches if cache in machine.caches),
        trusted_keys=tuple(key for key in keys if key in machine.trusted_keys),
    )
    return settings, warnings


def _texts(options: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = options.get(name)
    return default if value is None else tuple(map(str, value))


def _number(options: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = options.get(name)
    return default if value is None else max(low, min(int(value), high))


def _limit(machine: float, wanted: Any) -> float:
    """The stricter of two limits, where 0 is none."""
    limits = [limit for limit in (machine, float(wanted or 0)) if limit > 0]
    return min(limits, default=0)


def realise_for_client(
    store: LocalStore,
    channel: Channel,
    builder: Builder,
    wanted: Sequence[str],
    settings: BuildSettings,
    confinement: Confinement | None,
) -> Outputs:
    """Build in a process of its own, which sees no more than the confinement allows.

    Raises `Disconnected` when the client left before the end.
    """
    store.flush()
    result_read, result_write = os.pipe()
    ready_read, ready_write = os.pipe()
    with children_apart(confinement):
        pid = os.fork()
    if pid == 0:
        os.close(result_read)
        os.close(ready_write)
        _build_and_leave(store, channel, builder, wanted, settings, confinement, result_write, ready_read)
    os.close(result_write)
    os.close(ready_read)
    try:
        answer, is_client_gone = _wait_for_result(pid, channel, result_read)
        if answer is not None and "result" in answer:
            for outputs in answer["result"].values():
                for path in outputs.values():
                    store.add_temp_root(path)
    finally:
        # The builder takes the end of this pipe as leave to let its roots go.
        os.close(ready_write)
        os.close(result_read)
        _, status = os.waitpid(pid, 0)
    if is_client_gone:
        raise Disconnected("the client left during a build")
    if answer is None:
        raise BuildError(
            f"the process that built for you ended unexpectedly ({_explain_status(status)})",
            code="builder-gone",
            hint="run the command again; what it left is cleaned up",
        )
    if "error" in answer:
        raise decode_error(answer["error"])
    result: Outputs = answer["result"]
    return result


def _explain_status(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _wait_for_result(pid: int, channel: Channel, result: int) -> tuple[Message | None, bool]:
    """The builder's answer, None when it died without one; and whether the client left meanwhile."""
    poll = select.poll()
    poll.register(result, select.POLLIN | select.POLLHUP)
    poll.register(channel.source.fileno(), select.POLLRDHUP | select.POLLHUP)
    data = b""
    is_client_gone = False
    while True:
        ready = poll.poll(_SILENT_SECONDS * 1000 if is_client_gone else None)
        if not ready:
            # Something in it, perhaps the stranger's own template, does not let its interpreter go on.
            logger.warning("the process of a build whose client left hears nothing: it is killed")
            os.kill(pid, signal.SIGKILL)
        for descriptor, _ in ready:
            if descriptor == result:
                part = os.read(result, 1 << 16)
                if not part:
                    return (json.loads(data) if data.strip() else None), is_client_gone
                data += part
            else:
                # It ends by itself, at once or with what others wait for.
                is_client_gone = True
                poll.unregister(channel.source.fileno())
                os.kill(pid, signal.SIGTERM)


@contextmanager
def _showing_life(cancelled: Event, result: int) -> Iterator[None]:
    """Write to the pipe from time to time when this process was told to end; JSON does not mind spaces before it."""
    is_over = Event()

    def show() -> None:
        while not is_over.wait(_PULSE_SECONDS):
            if cancelled.is_set():
                with suppress(OSError):
                    os.write(result, _PULSE)

    thread = threading.Thread(target=show, name="life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _build_and_leave(
    shared: LocalStore,
    channel: Channel,
    builder: Builder,
    wanted: Sequence[str],
    settings: BuildSettings,
    confinement: Confinement | None,
    result: int,
    ready: int,
) -> NoReturn:
    code = 1
    try:
        cancelled = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: cancelled.set())
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if _is_hung_up(ready):
            # Who forked us died before the kernel knew that we want to hear of it.
            cancelled.set()
        answer: dict[str, Any]
        store: LocalStore | None = None
        try:
            lift_memory_limit()
            enter_confinement(confinement)
            store = LocalStore.open(shared.root, shared.store_dir, durable=shared.durable)
            # Its threads begin here: processes with threads cannot be confined.
            outbox = Outbox(channel, cancelled.set)
            with _showing_life(cancelled, result):
                try:
                    answer = {"result": builder.realise(store, wanted, settings, EventSender(outbox.send), cancelled)}
                finally:
                    outbox.close()
        except OsconfError as error:
            answer = {"error": encode_error(error)}
        except Exception as error:
            logger.exception("a build for a client failed in an unforeseen way")
            answer = {"error": encode_error(BuildError(f"the store's daemon failed: {error!r}", code="internal"))}
        with os.fdopen(result, "wb") as file:
            file.write(json.dumps(answer).encode())
        os.read(ready, 1)
        if store is not None:
            store.close()
        code = 0
    finally:
        os._exit(code)


def _is_hung_up(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, select.POLLHUP)
    return bool(poll.poll(0))
