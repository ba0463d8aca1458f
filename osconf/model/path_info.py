"""What the store knows about a valid path, and the text that signatures are made over."""

from __future__ import annotations

from dataclasses import dataclass

from osconf.model.hashes import Hash

# Of the others, two contents with one hash can be made.
_STRONG = tuple(f"{kind}:{algorithm}:" for kind in ("text", "fixed", "fixed:r") for algorithm in ("sha256", "sha512"))


@dataclass(frozen=True)
class PathInfo:
    """A valid store path: its content's hash, what it refers to and where it came from.

    `content_address` is `text:sha256:…` or `fixed:[r:]alg:…` for content that proves its own name, else None.
    """

    path: str
    nar_hash: Hash
    nar_size: int
    references: frozenset[str] = frozenset()
    deriver: str | None = None
    registration_time: int = 0
    ultimate: bool = False
    signatures: tuple[str, ...] = ()
    content_address: str | None = None

    @property
    def has_one_content(self) -> bool:
        """Whether everybody who makes this path makes the same: its name is a strong hash of its content."""
        return (self.content_address or "").startswith(_STRONG)

    def fingerprint(self) -> bytes:
        """The text that a binary cache signs."""
        references = ",".join(sorted(self.references))
        return f"1;{self.path};{self.nar_hash.prefixed()};{self.nar_size};{references}".encode()


def text_content_address(content: Hash) -> str:
    """How a text's content address is written."""
    return f"text:{content.prefixed()}"


def fixed_content_address(content: Hash, recursive: bool) -> str:
    """How a fixed output's or source's content address is written."""
    return f"fixed:{'r:' if recursive else ''}{content.prefixed()}"
