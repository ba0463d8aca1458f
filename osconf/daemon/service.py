"""One connection, answered: what may be asked of the daemon, and the rules for who may ask it.

Requests are messages `{operation, arguments}`, some with a stream after them; each gets events, if it builds, and one
message `{result}` or `{error}`. A user who is not trusted adds what proves its own name, has things built, and asks;
everything else is for trusted users. The files of the store are never theirs: they arrive as archives.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from osconf import __version__
from osconf.build.goals import parse_wanted
from osconf.daemon.access import NotAllowed, Peer, Policy
from osconf.daemon.builds import Builder, choose_settings, realise_for_client
from osconf.daemon.checks import (
    check_derivation,
    check_derivation_size,
    check_no_derivation,
    is_believable,
    read_derivation_text,
)
from osconf.daemon.confine import Confinement
from osconf.daemon.messages import (
    decode_gc_options,
    decode_info,
    encode_error,
    encode_gc_result,
    encode_info,
    encode_report,
)
from osconf.daemon.relay import AnswerFile, StreamFile
from osconf.daemon.wire import MAX_GREETING, PROTOCOL, VERSION, BadFrame, Channel, DataReader, Disconnected, Message
from osconf.errors import OsconfError, StoreError
from osconf.log import logger
from osconf.model import nar
from osconf.model.derivation import parse
from osconf.model.hashes import Hash, hash_file
from osconf.model.path_info import PathInfo, fixed_content_address
from osconf.model.store_path import (
    DRV_SUFFIX,
    BadStorePath,
    check_name,
    make_fixed_output_path,
    parse_store_path,
)
from osconf.store.canonical import canonicalise, explain_os_error, explaining, remove_tree, sync_directory
from osconf.store.claims import keep_provable
from osconf.store.local import LocalStore
from osconf.store.locks import PathLock
from osconf.store.reserve import release_space, restore_space
from osconf.store.roots import remember_link
from osconf.store.signing import parse_public_keys
from osconf.store.stream import import_paths
from osconf.store.transfer import receive_closure
from osconf.store.unpack import unpack_verified

_MAX_TEXT = 64 << 20
_MAX_ROOTS = 200_000
_MAX_BUILDS_OF_USER = 16
_GREETING_SECONDS = 30.0
# What is read and thrown away of a refused stream, so that a small mistake does not cost the connection.
_MAX_DRAINED = 64 << 20


@dataclass(frozen=True)
class Operation:
    """How a request is answered."""

    answer: Callable[[Service, Message], Any]
    is_trusted: bool = False
    has_stream: bool = False
    is_conversation: bool = False


_OPERATIONS: dict[str, Operation] = {}


def _operation(
    name: str, *, is_trusted: bool = False, has_stream: bool = False, is_conversation: bool = False
) -> Callable[[Callable[[Service, Message], Any]], Callable[[Service, Message], Any]]:
    def register(answer: Callable[[Service, Message], Any]) -> Callable[[Service, Message], Any]:
        _OPERATIONS[name] = Operation(answer, is_trusted, has_stream or is_conversation, is_conversation)
        return answer

    return register


class Service:
    """A conversation with one client."""

    def __init__(
        self,
        channel: Channel,
        store: LocalStore,
        peer: Peer,
        policy: Policy,
        builder: Builder,
        confine: Callable[[], Confinement | None] = lambda: None,
    ) -> None:
        self.channel = channel
        self.store = store
        self.peer = peer
        self.is_trusted = policy.trusts(peer)
        self.builder = builder
        self.confine = confine
        self.roots: set[str] = set()
        self._stream = DataReader(channel)

    def greet(self) -> None:
        """Agree on the protocol."""
        greeting = self.channel.receive_within(_GREETING_SECONDS, MAX_GREETING)
        if greeting is None:
            raise Disconnected("the client left without a greeting")
        if greeting.get("protocol") != PROTOCOL or not isinstance(greeting.get("version"), int):
            raise BadFrame("this is not the store's protocol")
        if greeting["version"] < VERSION:
            raise StoreError(
                f"the store's daemon speaks version {VERSION} of its protocol, this program version"
                f" {greeting['version']}",
                code="protocol-version",
                hint="use the osconf of the running system",
            )
        self._make_profiles()
        self.channel.send(
            {
                "protocol": PROTOCOL,
                "version": VERSION,
                "osconf": __version__,
                "storeDir": self.store.store_dir,
                "root": str(self.store.root),
                "user": self.peer.name,
                "trusted": self.is_trusted,
            }
        )

    def _make_profiles(self) -> None:
        """Give the user the directory of their own profiles."""
        if not self.peer.name or "/" in self.peer.name or self.peer.name in (".", ".."):
            return
        place = self.store.layout.user_profiles(self.peer.name)
        try:
            if not os.path.lexists(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.mkdir(mode=0o755)
                if os.geteuid() == 0:
                    os.chown(place, self.peer.uid, self.peer.gid)
        except OSError as error:
            logger.warning("cannot make %s: %s", place, error)

    def serve(self) -> None:
        """Answer until the client leaves. What it does not speak right ends the conversation with an error."""
        try:
            self.greet()
            while (message := self.channel.receive()) is not None:
                self._answer(message)
        except Disconnected as error:
            logger.info("user %s: %s", self.peer.name, error)
        except (OsconfError, MemoryError) as error:
            with suppress(Disconnected):
                told = error if isinstance(error, OsconfError) else _too_much()
                self.channel.send({"error": encode_error(told)})

    def _answer(self, message: Message) -> None:
        operation = _OPERATIONS.get(str(message.get("operation")))
        arguments = message.get("arguments")
        if operation is None or not isinstance(arguments, dict):
            raise BadFrame(f"the store's daemon knows no operation '{message.get('operation')}'")
        self._stream = self.channel.stream()
        try:
            if operation.is_trusted and not self.is_trusted:
                raise NotAllowed(
                    f"user '{self.peer.name}' may not do this: {_describe(str(message['operation']))}",
                    hint="it takes root, or a trusted user (`osconf.settings.trusted-users`)",
                )
            answer: Message = {"result": operation.answer(self, arguments)}
        except (Disconnected, BadFrame):
            raise
        except OsconfError as error:
            answer = {"error": encode_error(error)}
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            wrong = StoreError(f"'{message['operation']}' was asked in a wrong way: {error!r}", code="bad-message")
            answer = {"error": encode_error(wrong)}
        except MemoryError:
            answer = {"error": encode_error(_too_much())}
        except OSError as error:
            explained = explain_os_error(f"answer '{message['operation']}'", error)
            answer = {"error": encode_error(explained or StoreError(str(error)))}
        if operation.is_conversation:
            # The sender waits for our word before it says more: the stream ends after it.
            self.channel.send(answer)
            self._stream.drain()
            return
        if operation.has_stream:
            self._skip_stream(answer)
        self.channel.send(answer)

    def _skip_stream(self, answer: Message) -> None:
        """Read what a refused request still sends; when that is much, say so and end the conversation."""
        skipped = 0
        while data := self._stream.read(1 << 20):
            skipped += len(data)
            if skipped > _MAX_DRAINED:
                self.channel.send(answer)
                raise Disconnected("a refused stream is too long to be skipped")

    def paths(self, arguments: Message, key: str = "paths") -> list[str]:
        """The store paths of a request, each checked to be one."""
        found = [str(path) for path in arguments[key]]
        for path in found:
            parse_store_path(path, self.store.store_dir)
        return found

    # Asking

    @_operation("valid-among")
    def valid_among(self, arguments: Message) -> Any:
        return sorted(self.store.valid_among(self.paths(arguments)))

    @_operation("query-path-info")
    def query_path_info(self, arguments: Message) -> Any:
        return encode_info(self.store.query_path_info(str(arguments["path"])))

    @_operation("valid-paths")
    def valid_paths(self, arguments: Message) -> Any:
        return self.store.valid_paths()

    @_operation("path-with-hash-part")
    def path_with_hash_part(self, arguments: Message) -> Any:
        return self.store.path_with_hash_part(str(arguments["hashPart"]))

    @_operation("closure-edges")
    def closure_edges(self, arguments: Message) -> Any:
        return self.store.closure_edges(self.paths(arguments))

    @_operation("referrers")
    def referrers(self, arguments: Message) -> Any:
        return self.store.referrers(str(arguments["path"]))

    @_operation("derivers-of")
    def derivers_of(self, arguments: Message) -> Any:
        return self.store.derivers_of(str(arguments["path"]))

    @_operation("roots")
    def list_roots(self, arguments: Message) -> Any:
        return {path: sorted(self._visible(reasons)) for path, reasons in self.store.roots().items()}

    def _visible(self, reasons: Iterable[str]) -> list[str]:
        """Who keeps a path alive, as far as it is the client's business: not the names of others' files."""
        if self.is_trusted:
            return list(reasons)
        return sorted({reason if self._may_see(reason) else "{another user}" for reason in reasons})

    def _may_see(self, reason: str) -> bool:
        if reason.startswith(("{", "/run/", str(self.store.state_dir))):
            return True
        with suppress(OSError):
            return Path(reason).lstat().st_uid == self.peer.uid
        return False

    # Adding

    @_operation("add-temp-roots")
    def add_temp_roots(self, arguments: Message) -> Any:
        self.keep(self.paths(arguments))

    def keep(self, paths: Sequence[str]) -> None:
        """Make paths temporary roots of this conversation, up to a number."""
        new = set(paths) - self.roots
        if len(self.roots) + len(new) > _MAX_ROOTS:
            raise StoreError(
                f"one conversation with the store's daemon may not keep more than {_MAX_ROOTS} paths alive",
                code="too-many-roots",
            )
        self.roots |= new
        self.store.add_temp_roots(new)

    @_operation("add-texts", has_stream=True)
    def add_texts(self, arguments: Message) -> Any:
        added = []
        for text in arguments["texts"]:
            name, size = check_name(str(text["name"])), int(text["size"])
            if not 0 <= size <= _MAX_TEXT:
                raise StoreError(f"the text '{name}' of {size} bytes is too long", code="text-too-long")
            if name.endswith(DRV_SUFFIX):
                check_derivation_size(name, size)
            references = self.paths(text, "references")
            data = self._stream.read_exactly(size)
            if name.endswith(DRV_SUFFIX):
                check_derivation(self.store, name, parse(data), references)
            missing = set(references) - self.store.valid_among(references)
            if missing:
                raise StoreError(f"'{name}' refers to '{min(missing)}', which is not valid", code="reference-not-valid")
            added.append(self.store.add_text(name, data, references))
            self.keep(added[-1:])
        return added

    @_operation("add-path", has_stream=True)
    def add_path(self, arguments: Message) -> Any:
        name, recursive = check_name(str(arguments["name"])), bool(arguments["recursive"])
        algorithm = str(arguments["algorithm"])
        check_no_derivation(name)
        temporary = self.store.temporary_path()
        with explaining(f"add '{name}' to the store"):
            try:
                nar.restore(self._stream.as_file(), temporary)
                if not recursive:
                    if temporary.is_symlink() or not temporary.is_file():
                        raise StoreError(f"'{name}' is not a plain file", code="output-not-flat")
                    # The name says nothing of it: the path must be the same, whoever adds it.
                    temporary.chmod(0o644)
                canonicalise(temporary)
                nar_hash, nar_size = nar.hash_path(temporary)
                content = self._content_hash(temporary, recursive, algorithm, nar_hash)
                path = make_fixed_output_path(name, content, recursive, (), self.store.store_dir)
                self.keep([path])
                address = fixed_content_address(content, recursive)
                info = PathInfo(path, nar_hash, nar_size, ultimate=True, content_address=address)
                self._install(temporary, info)
            finally:
                remove_tree(temporary)
        return path

    @staticmethod
    def _content_hash(place: Path, recursive: bool, algorithm: str, nar_hash: Hash) -> Hash:
        if not recursive:
            return hash_file(algorithm, place)
        return nar_hash if algorithm == "sha256" else nar.hash_path(place, algorithm)[0]

    def _install(self, temporary: Path, info: PathInfo) -> None:
        """Give content its name, unless it has it: what is valid is never registered anew for a client."""
        if not self.store.is_valid(info.path):
            self.store.registrar.install(temporary, info)

    @_operation("import-archive", has_stream=True)
    def import_archive(self, arguments: Message) -> Any:
        info = replace(decode_info(arguments["info"], self.store.store_dir), ultimate=False, registration_time=0)
        self.keep([info.path])
        if self.store.is_valid(info.path):
            self._stream.drain()
            return
        missing = info.references - {info.path} - self.store.valid_among(info.references)
        if missing:
            raise StoreError(
                f"'{info.path}' refers to '{min(missing)}', which is not valid", code="reference-not-valid"
            )
        temporary = self.store.temporary_path()
        with explaining(f"add '{info.path}' to the store"):
            try:
                unpack_verified(info, self._stream.as_file(), temporary, str(arguments.get("origin") or "the client"))
                self.check_import(info, temporary)
                self._install(temporary, keep_provable(self.store, info, temporary))
            finally:
                remove_tree(temporary)

    def check_import(self, info: PathInfo, place: Path) -> None:
        """Refuse a path that comes from elsewhere and that nobody vouches for."""
        if info.path.endswith(DRV_SUFFIX):
            name = info.path.rpartition("/")[2].partition("-")[2]
            check_derivation(self.store, name, parse(read_derivation_text(place, name)), info.references)
        if self.is_trusted:
            return
        keys = parse_public_keys(self.builder.settings.trusted_keys)
        if not is_believable(info, place, keys, self.store.store_dir):
            signers = ", ".join(sorted({each.partition(":")[0] for each in info.signatures}))
            why = f"is signed by {signers}, whom this machine does not trust," if signers else "has no signature"
            raise NotAllowed(
                f"'{info.path}' {why} and user '{self.peer.name}' may not vouch for it",
                code="not-trusted",
                hint="sign it with a key that the machine trusts, or ask a trusted user to copy it",
            )

    @_operation("import-stream", has_stream=True)
    def import_stream(self, arguments: Message) -> Any:
        return import_paths(self.store, self._stream.as_file(), self.check_import, self.keep)

    @_operation("receive-closure", is_conversation=True)
    def receive_closure(self, arguments: Message) -> Any:
        """Take a closure that another machine sends; the answers to it are events."""
        source = io.BufferedReader(StreamFile(self._stream), 1 << 20)
        answers = cast(BinaryIO, AnswerFile(self.channel))
        return receive_closure(self.store, source, answers, self.check_import, self.keep)

    @_operation("flush")
    def flush(self, arguments: Message) -> Any:
        self.store.flush()

    @_operation("add-signatures", is_trusted=True)
    def add_signatures(self, arguments: Message) -> Any:
        given = dict(arguments["signatures"]).items()
        self.store.add_signatures({str(path): [str(text) for text in texts] for path, texts in given})

    # Roots and garbage

    @_operation("add-root")
    def add_root(self, arguments: Message) -> Any:
        link = Path(str(arguments["link"]))
        if not link.is_absolute() or ".." in link.parts:
            raise StoreError(f"'{link}' is not the absolute path of a link", code="no-root")
        if self.is_trusted:
            self.store.resolve(link)
        elif not self._is_own_root(link):
            # The same answer for what is not there: others' files are not told of.
            raise NotAllowed(f"'{link}' is not a link of user '{self.peer.name}' to a store path")
        remembered = remember_link(self.store.layout, link, None if self.is_trusted else self.peer.uid)
        sync_directory(remembered.parent)

    def _is_own_root(self, link: Path) -> bool:
        """Whether this is a link of the client's that names a store path itself."""
        try:
            target = str(link.readlink()).removeprefix(self.store.layout.prefix)
            self.store.store_path_of(target)
            return link.lstat().st_uid == self.peer.uid
        except (OSError, ValueError, BadStorePath):
            return False

    @_operation("collect-garbage")
    def collect_garbage(self, arguments: Message) -> Any:
        options = decode_gc_options(arguments["options"])
        if options.dry_run or not self.store.read_only:
            return encode_gc_result(self.store.collect_garbage(options))
        # The disk was full when the conversation began, and opening the store takes some space already.
        release_space(self.store.layout)
        try:
            with LocalStore.open(self.store.root, self.store.store_dir) as store:
                return encode_gc_result(store.collect_garbage(options))
        finally:
            restore_space(self.store.layout)

    @_operation("delete", is_trusted=True)
    def delete(self, arguments: Message) -> Any:
        ignore = bool(arguments.get("ignoreLiveness"))
        return encode_gc_result(self.store.delete(self.paths(arguments), ignore_liveness=ignore))

    @_operation("verify")
    def verify(self, arguments: Message) -> Any:
        chosen = None if arguments.get("paths") is None else self.paths(arguments)
        return encode_report(self.store.verify(check_contents=bool(arguments.get("checkContents")), paths=chosen))

    # Building

    @_operation("plan")
    def plan(self, arguments: Message) -> Any:
        return self.builder.plan(self.store, self._wanted(arguments), self.builder.settings)

    def _wanted(self, arguments: Message) -> list[str]:
        """The derivations of a request: valid ones, whose outputs' names were proved when they were added."""
        wanted = [str(each) for each in arguments["wanted"]]
        for each in wanted:
            path = each.partition("!")[0]
            parse_store_path(path, self.store.store_dir)
            self.keep([path])
            self.store.query_path_info(path)
        return wanted

    def _built_already(self, wanted: Iterable[str]) -> dict[str, dict[str, str]] | None:
        """The outputs that are meant, when all are valid: then nothing has to be built."""
        found: dict[str, dict[str, str]] = {}
        for each in wanted:
            path, names = parse_wanted(each)
            drv = self.store.read_derivation(path)
            outputs = {name: drv.output_path(name) for name in sorted(names or drv.outputs)}
            self.keep(list(outputs.values()))
            if len(self.store.valid_among(outputs.values())) < len(set(outputs.values())):
                return None
            found.setdefault(path, {}).update(outputs)
        return found

    @_operation("realise")
    def realise(self, arguments: Message) -> Any:
        options = dict(arguments["options"])
        settings, warnings = choose_settings(
            self.builder.settings, options, is_trusted=self.is_trusted, uid=self.peer.uid
        )
        for warning in warnings:
            self.channel.send({"event": "warning", "arguments": [warning]})
        wanted = self._wanted(arguments)
        built = None if settings.check else self._built_already(wanted)
        if built is not None:
            return built
        confinement = None if self.is_trusted else self.confine()
        with self._build_slot():
            return realise_for_client(self.store, self.channel, self.builder, wanted, settings, confinement)

    @contextmanager
    def _build_slot(self) -> Iterator[None]:
        """One of the builds that a user may ask for at once, over all conversations."""
        if self.is_trusted:
            yield
            return
        slots = (
            PathLock(self.store.layout.locks, f"builds-of-{self.peer.uid}-{number}")
            for number in range(_MAX_BUILDS_OF_USER)
        )
        slot = next((slot for slot in slots if slot.try_acquire()), None)
        if slot is None:
            raise StoreError(
                f"user '{self.peer.name}' has {_MAX_BUILDS_OF_USER} builds at once, which is the limit",
                code="too-many-builds",
                hint="wait until one of them is over",
            )
        try:
            yield
        finally:
            slot.release()


def _too_much() -> StoreError:
    return StoreError(
        "what was asked of the store's daemon takes too much memory", code="too-much", hint="ask for less at once"
    )


def _describe(operation: str) -> str:
    return {
        "delete": "delete store paths (collecting garbage is allowed)",
        "add-signatures": "sign what is in the store",
    }.get(operation, operation)
