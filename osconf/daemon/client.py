"""The store behind the daemon: what an ordinary user's session has instead of the local store.

Files are read where they are; everything that asks the database or changes the store is a request. Texts (derivations
above all) are gathered and sent together.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from osconf.build.reporter import Reporter
from osconf.daemon.events import deliver_event
from osconf.daemon.messages import (
    decode_error,
    decode_gc_result,
    decode_info,
    decode_report,
    encode_gc_options,
    encode_info,
)
from osconf.daemon.relay import Relay
from osconf.daemon.wire import MAX_ANSWER, PROTOCOL, VERSION, Channel, Disconnected
from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.hashes import Hash, hash_bytes, hash_file
from osconf.model.path_info import PathInfo
from osconf.model.store_path import check_name, make_fixed_output_path, make_text_path
from osconf.store.abstract import AbstractStore, check_expected
from osconf.store.canonical import sync_directory
from osconf.store.gc import GcOptions, GcResult
from osconf.store.layout import StoreLayout
from osconf.store.roots import make_root_link
from osconf.store.verify import Repair, VerifyReport

_TEXTS, _TEXT_BYTES = 256, 4 << 20
_SOME_PATHS = 20_000


@dataclass(frozen=True)
class _Text:
    """A file that waits to be sent."""

    name: str
    data: bytes
    references: tuple[str, ...]


class DaemonStore(AbstractStore):
    """The store of a daemon. Safe for threads, which take turns."""

    def __init__(self, channel: Channel, layout: StoreLayout, greeting: Mapping[str, Any]) -> None:
        super().__init__(layout)
        self.is_trusted = bool(greeting.get("trusted"))
        self.user = str(greeting.get("user") or "")
        self._channel = channel
        self._lock = threading.RLock()
        self._is_over = False
        self._texts: dict[str, _Text] = {}
        self._rooted: set[str] = set()
        self._new_roots: set[str] = set()

    @classmethod
    def connect(cls, path: Path, store_dir: str) -> DaemonStore:
        """Connect to the daemon that listens at `path`; it must serve a store with this logical directory."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise StoreError(
                f"the store's daemon at {path} cannot be reached: {error.strerror or error}",
                code="daemon-unreachable",
                hint="`systemctl status osconf-daemon.socket` says why; root does not need it",
            ) from error
        with connection:
            return cls.greet(Channel.over(connection), store_dir)

    @classmethod
    def greet(cls, channel: Channel, store_dir: str) -> DaemonStore:
        """Begin a conversation over a connection that is open."""
        # What a daemon said before it left tells more than the failure to greet it.
        with suppress(Disconnected):
            channel.send({"protocol": PROTOCOL, "version": VERSION})
        answer = channel.receive()
        if answer is None:
            raise Disconnected("the store's daemon closed the connection at once", hint="see its journal")
        if "error" in answer:
            raise decode_error(answer["error"])
        if answer.get("protocol") != PROTOCOL:
            raise StoreError("what answers is not the store's daemon", code="bad-frame")
        if answer["storeDir"] != store_dir:
            raise StoreError(
                f"the daemon's store is '{answer['storeDir']}', this command is for '{store_dir}'", code="foreign-store"
            )
        return cls(channel, StoreLayout(Path(str(answer["root"])), store_dir), answer)

    def close(self) -> None:
        """Send what is pending and end the conversation, with which the temporary roots go."""
        if not self._lock.acquire(blocking=False):
            # Another thread waits for an answer and will never use it: we were interrupted.
            self._channel.hang_up()
            return
        try:
            if not self._is_over and (self._texts or self._new_roots):
                self.flush()
        finally:
            self._is_over = True
            self._channel.close()
            self._lock.release()

    # Conversation

    def request(
        self,
        operation: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        send: Callable[[Channel], None] | None = None,
        hear: Callable[[Mapping[str, Any]], None] | None = None,
        relay: BinaryIO | None = None,
    ) -> Any:
        """Ask for something and wait for the answer; `send` writes the stream that belongs to the request.

        `hear` is told of events. What `relay` gives is passed on meanwhile, until the answer. An interrupt in the
        middle ends everything: that is how the daemon learns to stop.
        """
        with self._lock:
            if self._is_over:
                raise Disconnected("the conversation with the store's daemon is over")
            try:
                self._channel.send({"operation": operation, "arguments": dict(arguments or {})})
                if send is not None:
                    self._send_stream(send)
                passing = Relay(relay, self._channel) if relay is not None else None
                while True:
                    answer = self._channel.receive(MAX_ANSWER)
                    if answer is None:
                        raise Disconnected("it closed the connection")
                    if "event" not in answer:
                        break
                    if hear is not None:
                        hear(answer)
                if passing is not None:
                    passing.stop()
            except Disconnected as error:
                self._give_up()
                raise Disconnected(
                    f"the store's daemon ended in the middle of '{operation}' ({error.message})",
                    hint="what was registered before is safe; run the command again, a new daemon takes it from there",
                ) from error
            except BaseException:
                self._give_up()
                raise
        if "error" in answer:
            raise decode_error(answer["error"])
        return answer.get("result")

    def _send_stream(self, send: Callable[[Channel], None]) -> None:
        try:
            send(self._channel)
            self._channel.end_data()
        except Disconnected:
            # A daemon that refuses says so before it leaves: the answer is still to be read.
            return

    def _give_up(self) -> None:
        self._is_over = True
        self._channel.close()

    def _texts_and_roots_first(self) -> None:
        """What others must know before they are asked about it."""
        self._send_texts()
        if self._new_roots:
            roots, self._new_roots = self._new_roots, set()
            self.request("add-temp-roots", {"paths": sorted(roots)})

    # Asking

    def is_valid(self, path: str) -> bool:
        """Whether the path may be used."""
        return path in self._texts or path in self.valid_among([path])

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that are valid."""
        wanted = set(paths)
        known = wanted & self._texts.keys()
        if wanted - known:
            self._texts_and_roots_first()
        for part in _parts(sorted(wanted - known)):
            known.update(self.request("valid-among", {"paths": part}))
        return known

    def query_path_info(self, path: str) -> PathInfo:
        """What is known of a valid path; raises `NotValid` for another."""
        self._texts_and_roots_first()
        return decode_info(self.request("query-path-info", {"path": path}), self.store_dir)

    def valid_paths(self) -> list[str]:
        """Every valid path, sorted."""
        self.flush()
        return [str(path) for path in self.request("valid-paths")]

    def path_with_hash_part(self, hash_part: str) -> str | None:
        """The valid path with this hash part, if there is one."""
        self.flush()
        found = self.request("path-with-hash-part", {"hashPart": hash_part})
        return None if found is None else str(found)

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure with what it refers to (itself left out); invalid paths are missing."""
        self._texts_and_roots_first()
        edges: dict[str, list[str]] = {}
        for part in _parts(sorted(set(paths))):
            edges.update(self.request("closure-edges", {"paths": part}))
        return edges

    def referrers(self, path: str) -> list[str]:
        """The valid paths that refer to `path`, sorted."""
        self.flush()
        return [str(found) for found in self.request("referrers", {"path": path})]

    def derivers_of(self, path: str) -> list[str]:
        """The valid derivations that make `path`."""
        self.flush()
        return [str(found) for found in self.request("derivers-of", {"path": path})]

    def roots(self) -> dict[str, set[str]]:
        """Each store path that something keeps alive, with what does."""
        self.flush()
        return {path: set(reasons) for path, reasons in self.request("roots").items()}

    def _read_text(self, path: str) -> bytes:
        text = self._texts.get(path)
        return super()._read_text(path) if text is None else text.data

    # Adding

    def add_text(self, name: str, data: bytes, references: Iterable[str] = ()) -> str:
        """Add a plain file whose references are known; it is sent with others."""
        references = tuple(sorted(set(references)))
        path = make_text_path(check_name(name), hash_bytes("sha256", data), references, self.store_dir)
        with self._lock:
            self._texts[path] = _Text(name, data, references)
            if len(self._texts) >= _TEXTS:
                self._send_texts()
        return path

    def _send_texts(self) -> None:
        while self._texts:
            chosen: list[tuple[str, _Text]] = []
            size = 0
            for path, text in self._texts.items():
                chosen.append((path, text))
                size += len(text.data) + 100 * len(text.references)
                if len(chosen) >= _TEXTS or size >= _TEXT_BYTES:
                    break

            def send(channel: Channel, texts: Sequence[tuple[str, _Text]] = tuple(chosen)) -> None:
                for _, text in texts:
                    channel.send_data(text.data)

            described = [
                {"name": text.name, "size": len(text.data), "references": text.references} for _, text in chosen
            ]
            # Those that are refused are forgotten with the others: asking again would not help.
            for path, _ in chosen:
                del self._texts[path]
            added = self.request("add-texts", {"texts": described}, send=send)
            if added != [path for path, _ in chosen]:
                raise StoreError("the store's daemon gave texts other paths than they have here", code="bad-message")

    def add_path(
        self,
        source: Path,
        name: str,
        *,
        recursive: bool = True,
        algorithm: str = "sha256",
        keep: nar.Keep | None = None,
        expected: Hash | None = None,
    ) -> str:
        """Copy a file or tree into the store under the path that its content gives it; see `LocalStore.add_path`."""
        check_name(name)
        keep = nar.remember(keep)
        content = nar.hash_path(source, algorithm, keep)[0] if recursive else hash_file(algorithm, source)
        check_expected(source, expected, content)
        path = make_fixed_output_path(name, content, recursive, (), self.store_dir)
        self.add_temp_root(path)
        if self.is_valid(path):
            return path
        arguments = {"name": name, "recursive": recursive, "algorithm": algorithm}
        added = self.request("add-path", arguments, send=lambda channel: nar.dump_path(source, channel.send_data, keep))
        if added != path:
            raise StoreError(f"'{source}' changed while it was copied", code="file-changed")
        return path

    def import_archive(self, info: PathInfo, source: BinaryIO, *, origin: str = "the stream") -> None:
        """Add a path from its archive. The daemon wants a signature that it trusts, or content that proves the name."""

        def send(channel: Channel) -> None:
            while data := source.read(1 << 20):
                channel.send_data(data)

        self._texts_and_roots_first()
        self.request("import-archive", {"info": encode_info(info), "origin": origin}, send=send)

    def import_stream(self, source: BinaryIO) -> list[str]:
        """Add the paths of a stream that `osconf store export` wrote; see `osconf.store.stream`."""

        def send(channel: Channel) -> None:
            while data := source.read(1 << 20):
                channel.send_data(data)

        return [str(path) for path in self.request("import-stream", send=send)]

    def receive_closure(self, source: BinaryIO, answers: BinaryIO) -> list[str]:
        """Have the daemon take a closure that another machine sends; see `osconf.store.transfer`."""

        def answer(message: Mapping[str, Any]) -> None:
            answers.write(str(message["answer"]).encode())
            answers.flush()

        return [str(path) for path in self.request("receive-closure", hear=answer, relay=source)]

    def flush(self) -> None:
        """Make everything that was added valid for others."""
        with self._lock:
            self._texts_and_roots_first()
            self.request("flush")

    def add_signatures(self, signatures: Mapping[str, Iterable[str]]) -> None:
        """Keep more signatures of valid paths."""
        self.flush()
        for part in _parts(sorted(signatures)):
            self.request("add-signatures", {"signatures": {path: sorted(signatures[path]) for path in part}})

    # Roots and garbage

    def add_temp_root(self, path: str) -> None:
        """Keep a path until this conversation ends; told before the next question."""
        with self._lock:
            if path not in self._rooted:
                self._rooted.add(path)
                self._new_roots.add(path)

    def add_root(self, link: Path, target: str) -> None:
        """Make `link` point at a store path, as the user that we are, and have the daemon remember it."""
        self.add_temp_root(target)
        self.flush()
        made = make_root_link(self.layout, link, target)
        if made is not None:
            self.request("add-root", {"link": str(made)})
            sync_directory(made.parent)

    def collect_garbage(self, options: GcOptions = GcOptions()) -> GcResult:  # noqa: B008 - frozen
        """Remove what no root needs."""
        self.flush()
        return decode_gc_result(self.request("collect-garbage", {"options": encode_gc_options(options)}))

    def delete(self, paths: Iterable[str], *, ignore_liveness: bool = False) -> GcResult:
        """Remove these paths, which the daemon allows trusted users."""
        self.flush()
        arguments = {"paths": sorted(set(paths)), "ignoreLiveness": ignore_liveness}
        return decode_gc_result(self.request("delete", arguments))

    def verify(
        self,
        *,
        check_contents: bool = False,
        repair: Repair | None = None,
        paths: Iterable[str] | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> VerifyReport:
        """Compare the files with the database. The daemon repairs by itself, for trusted users; not with `repair`."""
        if repair is not None:
            raise StoreError("only the store's own process repairs it", hint="run the command as root")
        self.flush()
        chosen = None if paths is None else sorted(set(paths))
        return decode_report(self.request("verify", {"checkContents": check_contents, "paths": chosen}))

    # Building

    def realise(
        self, wanted: Sequence[str], options: Mapping[str, Any], reporter: Reporter
    ) -> dict[str, dict[str, str]]:
        """Have the daemon build; the events reach the reporter as they happen."""
        self.flush()
        arguments = {"wanted": list(wanted), "options": dict(options)}
        found = self.request("realise", arguments, hear=lambda event: deliver_event(reporter, event))
        return cast(dict[str, dict[str, str]], found)

    def plan(self, wanted: Sequence[str]) -> list[str]:
        """The derivations that `realise` would build, inputs first."""
        self.flush()
        return [str(path) for path in self.request("plan", {"wanted": list(wanted)})]


def _parts(paths: Sequence[str]) -> Iterable[list[str]]:
    """Lists short enough for one message."""
    for start in range(0, len(paths), _SOME_PATHS):
        yield list(paths[start : start + _SOME_PATHS])
