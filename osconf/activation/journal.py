"""The journal of a switch: JSON lines, each on disk before the step it announces touches anything.

It answers after a crash: which switch, from where to where, with which unit plan, and which step was under way. A
reboot ends every switch (boot activation makes the machine consistent), so a journal counts only with its boot id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from osconf.host.files import Files

PATH = "/osconf/var/activation/journal.jsonl"
PREVIOUS = "/osconf/var/activation/journal.previous.jsonl"
PENDING_ROOT = "/osconf/var/gcroots/activation-pending"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """What the journal says about the last switch."""

    action: str
    source: str
    target: str
    boot: str
    units: Mapping[str, list[str]] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    started: str | None = None
    result: str | None = None

    @property
    def is_unfinished(self) -> bool:
        """Did it end without saying how?"""
        return self.result is None


class Journal:
    """The journal file, opened by one switch at a time (the caller holds the lock)."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._descriptor: int | None = None

    def begin(
        self, *, action: str, source: str, target: str, boot: str, time: float, units: Mapping[str, list[str]]
    ) -> None:
        """Start a new journal; the one before is kept beside it."""
        self._files.make_dirs(os.path.dirname(PATH))  # noqa: PTH120
        if self._files.lexists(PATH):
            self._files.rename(PATH, PREVIOUS)
        self._open()
        self._write(
            event="begin", version=1, action=action, source=source, target=target, boot=boot, time=time, units=units
        )
        self._files.sync_folder(os.path.dirname(PATH))  # noqa: PTH120

    def start(self, step: str) -> None:
        """Announce a step."""
        self._write(event="start", step=step)

    def done(self, step: str) -> None:
        """Record that a step is complete."""
        self._write(event="done", step=step)

    def note(self, **facts: object) -> None:
        """Record facts that only people read."""
        self._write(event="note", **facts)

    def end(self, result: str) -> None:
        """Record how the switch ended and close the file."""
        self._write(event="end", result=result)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._files.path(PATH), flags, 0o600)

    def _write(self, **record: object) -> None:
        if self._descriptor is None:
            self._open()
        assert self._descriptor is not None
        os.write(self._descriptor, json.dumps(record, separators=(",", ":")).encode() + b"\n")
        os.fsync(self._descriptor)


def read_journal(files: Files) -> SwitchRecord | None:
    """Read the journal of the last switch; a line that a power cut left half written is ignored."""
    begin: dict[str, object] = {}
    done: list[str] = []
    started: str | None = None
    result: str | None = None
    for line in files.read_text(PATH, "").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        match record.get("event"):
            case "begin":
                begin, done, started, result = record, [], None, None
            case "start":
                started = record["step"]
            case "done":
                done.append(record["step"])
                started = None
            case "end":
                result = record["result"]
    if not begin:
        return None
    units = begin.get("units")
    return SwitchRecord(
        action=str(begin.get("action")),
        source=str(begin.get("source")),
        target=str(begin.get("target")),
        boot=str(begin.get("boot")),
        units=units if isinstance(units, dict) else {},
        done=tuple(done),
        started=started,
        result=result,
    )


def close_at_boot(files: Files, system: str, report: Report) -> None:
    """End a switch that a power cut or crash interrupted: what booted is consistent, whichever generation it is."""
    record = read_journal(files)
    if record is None or not record.is_unfinished:
        return
    step = f" in step {record.started}" if record.started else ""
    report(f"the {record.action} to {record.target} was interrupted{step}; {system} was booted and activated")
    Journal(files).end("interrupted")
    files.remove(PENDING_ROOT)
