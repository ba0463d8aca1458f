"""Derivations: the recipe of a build as data, its ATerm text, its hash and the paths of its outputs.

Strings hold bytes as latin-1 characters, as in the language, so that a `.drv` file keeps whatever bytes the user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TypeVar

from osconf.errors import StoreError
from osconf.model.hashes import Hash, hash_bytes
from osconf.model.store_path import DRV_SUFFIX, make_fixed_output_path, make_output_path, make_text_path

_Item = TypeVar("_Item")

BUILTIN_PREFIX = "builtin:"

HashOfInput = Callable[[str], str]
"""From the path of an input derivation to its `hash_modulo`, in base16."""


class BadDerivation(StoreError):
    """A text is not a derivation, or one makes no sense."""

    code = "bad-derivation"


@dataclass(frozen=True, slots=True)
class DerivationOutput:
    """Where an output goes; for a fixed output also its hash (base16) and how it is taken.

    `hash_algorithm` is `sha256` for the hash of a plain file, `r:sha256` for that of its NAR.
    """

    path: str
    hash_algorithm: str = ""
    hash: str = ""

    @property
    def is_fixed(self) -> bool:
        """Whether the content is known beforehand."""
        return bool(self.hash_algorithm)

    @property
    def is_recursive(self) -> bool:
        """Whether the hash is that of the NAR."""
        return self.hash_algorithm.startswith("r:")

    def content_hash(self) -> Hash:
        """The expected hash of a fixed output."""
        return Hash(self.hash_algorithm.removeprefix("r:"), bytes.fromhex(self.hash))


@dataclass(frozen=True)
class Derivation:
    """What is built, from what, by which program."""

    outputs: Mapping[str, DerivationOutput]
    input_derivations: Mapping[str, tuple[str, ...]]
    input_sources: tuple[str, ...]
    system: str
    builder: str
    args: tuple[str, ...]
    env: Mapping[str, str]

    @cached_property
    def structured(self) -> Mapping[str, object] | None:
        """The decoded structured attributes (`__json`), or None when the derivation has plain ones."""
        text = self.env.get("__json")
        if text is None:
            return None
        import json

        try:
            value = json.loads(text.encode("latin-1"))
        except ValueError as error:
            raise BadDerivation(f"the structured attributes are not JSON: {error}") from error
        if not isinstance(value, dict):
            raise BadDerivation("the structured attributes are not a JSON object")
        return value

    @property
    def name(self) -> str:
        """The name, without hash and `.drv`."""
        name = self.env.get("name")
        if name is None and self.structured is not None:
            name = str(self.structured.get("name", ""))
        if not name:
            raise BadDerivation("the derivation has no name")
        return name

    @property
    def is_fixed_output(self) -> bool:
        """Whether its only output has a known hash."""
        out = self.outputs.get("out")
        return len(self.outputs) == 1 and out is not None and out.is_fixed

    @property
    def is_builtin(self) -> bool:
        """Whether osconf itself builds it (`builtin:NAME`)."""
        return self.builder.startswith(BUILTIN_PREFIX)

    @cached_property
    def text(self) -> bytes:
        """The ATerm text of the `.drv` file."""
        return _render(self, self.input_derivations, mask=False)

    def references(self) -> frozenset[str]:
        """What the `.drv` file refers to."""
        return frozenset(self.input_sources) | frozenset(self.input_derivations)

    def output_path(self, output_name: str = "out") -> str:
        """The path of an output; raises `BadDerivation` when there is none of that name, or only building tells it."""
        try:
            path = self.outputs[output_name].path
        except KeyError:
            raise BadDerivation(
                f"derivation '{self.name}' has no output '{output_name}'",
                hint=f"its outputs are {', '.join(sorted(self.outputs))}",
            ) from None
        if not path:
            raise BadDerivation(
                f"derivation '{self.name}' does not say where its output '{output_name}' will be",
                hint="osconf builds no derivations with '__contentAddressed' or '__impure': their paths depend on what"
                " the builder makes",
            )
        return path


_UNESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_NEEDS_ESCAPE = re.compile(r'["\\\n\r\t]')


@lru_cache(maxsize=4096)
def _quote(text: str) -> str:
    # A derivation is rendered three times, and its variables have the names that all others have.
    if _NEEDS_ESCAPE.search(text):
        # `translate` to more than one character looks every character up: ten times slower on long texts.
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{text}"'


def _quote_list(texts: Iterable[str]) -> str:
    return f"[{','.join([_quote(text) for text in texts])}]"


def _render(drv: Derivation, inputs: Mapping[str, Iterable[str]], mask: bool) -> bytes:
    outputs = ",".join(
        [
            f'("{name}","{"" if mask else output.path}","{output.hash_algorithm}","{output.hash}")'
            for name, output in sorted(drv.outputs.items())
        ]
    )
    input_text = ",".join([f'("{path}",{_quote_list(sorted(names))})' for path, names in sorted(inputs.items())])
    masked = drv.outputs if mask else ()
    env = ",".join(
        [f"({_quote(key)},{_quote('' if key in masked else value)})" for key, value in sorted(drv.env.items())]
    )
    text = (
        f"Derive([{outputs}],[{input_text}],{_quote_list(sorted(drv.input_sources))},"
        f"{_quote(drv.system)},{_quote(drv.builder)},{_quote_list(drv.args)},[{env}])"
    )
    return text.encode("latin-1")


def serialize(drv: Derivation) -> bytes:
    """The ATerm text of a `.drv` file."""
    return drv.text


_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Reader:
    """A cursor over an ATerm text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            raise BadDerivation(f"bad derivation: expected '{token}' at byte {self.at}")
        self.at += len(token)

    def string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise BadDerivation(f"bad derivation: expected a string at byte {self.at}")
        self.at = match.end()
        value = match[1]
        return _ESCAPED.sub(lambda m: _UNESCAPES.get(m[1], m[1]), value) if "\\" in value else value

    def strings(self) -> tuple[str, ...]:
        return tuple(self.items(self.string))

    def items(self, read: Callable[[], _Item]) -> list[_Item]:
        result: list[_Item] = []
        self.expect("[")
        while not self.text.startswith("]", self.at):
            if result:
                self.expect(",")
            result.append(read())
        self.at += 1
        return result

    def output(self) -> tuple[str, DerivationOutput]:
        name, path, algorithm, digest = self.tuple(4)
        return name, DerivationOutput(path, algorithm, digest)

    def input(self) -> tuple[str, tuple[str, ...]]:
        self.expect("(")
        path = self.string()
        self.expect(",")
        names = self.strings()
        self.expect(")")
        return path, names

    def variable(self) -> tuple[str, str]:
        key, value = self.tuple(2)
        return key, value

    def tuple(self, size: int) -> list[str]:
        values = []
        for index in range(size):
            self.expect("," if index else "(")
            values.append(self.string())
        self.expect(")")
        return values


def parse(data: bytes) -> Derivation:
    """Read the ATerm text of a `.drv` file."""
    reader = _Reader(data.decode("latin-1"))
    reader.expect("Derive(")
    outputs = dict(reader.items(reader.output))
    reader.expect(",")
    inputs = dict(reader.items(reader.input))
    reader.expect(",")
    sources = reader.strings()
    reader.expect(",")
    system = reader.string()
    reader.expect(",")
    builder = reader.string()
    reader.expect(",")
    args = reader.strings()
    reader.expect(",")
    env = dict(reader.items(reader.variable))
    reader.expect(")")
    if reader.at != len(reader.text):
        raise BadDerivation(f"bad derivation: text after its end at byte {reader.at}")
    return Derivation(outputs, inputs, sources, system, builder, args, env)


def hash_modulo(drv: Derivation, hash_of_input: HashOfInput, *, mask: bool = False) -> str:
    """The hash that stands for a derivation inside others, in base16.

    A fixed output's is made of its content hash alone, so that how it is fetched changes nothing that depends on it.
    `mask` blanks the outputs' paths: the hash from which those paths are computed.
    """
    if drv.is_fixed_output:
        out = drv.outputs["out"]
        return hash_bytes("sha256", f"fixed:out:{out.hash_algorithm}:{out.hash}:{out.path}".encode()).base16()
    if not drv.input_derivations and not mask:
        return hash_bytes("sha256", drv.text).base16()
    inputs: dict[str, set[str]] = {}
    for path, names in drv.input_derivations.items():
        inputs.setdefault(hash_of_input(path), set()).update(names)
    return hash_bytes("sha256", _render(drv, inputs, mask)).base16()


def fill_output_paths(drv: Derivation, hash_of_input: HashOfInput, store_dir: str, name: str = "") -> Derivation:
    """Compute the outputs' paths; sets them in `outputs` and, under the outputs' names, in the environment."""
    name = name or drv.name
    if any(output.is_fixed for output in drv.outputs.values()):
        if not drv.is_fixed_output:
            raise BadDerivation(f"derivation '{name}' is a fixed output, so it may have the output 'out' alone")
        out = drv.outputs["out"]
        paths = {"out": make_fixed_output_path(name, out.content_hash(), out.is_recursive, (), store_dir)}
    else:
        masked = replace(drv, env={**drv.env, **dict.fromkeys(drv.outputs, "")})
        digest = Hash("sha256", bytes.fromhex(hash_modulo(masked, hash_of_input, mask=True)))
        paths = {output_name: make_output_path(output_name, digest, name, store_dir) for output_name in drv.outputs}
    outputs = {output_name: replace(output, path=paths[output_name]) for output_name, output in drv.outputs.items()}
    return replace(drv, outputs=outputs, env={**drv.env, **paths})


def derivation_path(drv: Derivation, name: str, store_dir: str) -> str:
    """The store path of the `.drv` file; `name` is without `.drv`."""
    return make_text_path(name + DRV_SUFFIX, hash_bytes("sha256", serialize(drv)), drv.references(), store_dir)
