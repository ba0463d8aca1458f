"""The `.narinfo` text of a binary cache: what it says of a path and of the file that holds its archive."""

from __future__ import annotations

from dataclasses import dataclass

from osconf.errors import StoreError
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import BadStorePath, parse_base_name, parse_store_path

_NEEDED = ("StorePath", "URL", "NarHash", "NarSize")


class BadNarInfo(StoreError):
    """A `.narinfo` makes no sense."""

    code = "bad-narinfo"


@dataclass(frozen=True)
class NarInfo:
    """Path information and where the (compressed) archive is, relative to the cache."""

    info: PathInfo
    url: str
    compression: str
    file_hash: Hash | None = None
    file_size: int | None = None

    def render(self) -> str:
        """The text, in Nix's order of lines."""
        info = self.info
        lines = [f"StorePath: {info.path}", f"URL: {self.url}", f"Compression: {self.compression}"]
        if self.file_hash is not None:
            lines.append(f"FileHash: {self.file_hash.prefixed()}")
        if self.file_size is not None:
            lines.append(f"FileSize: {self.file_size}")
        lines += [f"NarHash: {info.nar_hash.prefixed()}", f"NarSize: {info.nar_size}"]
        lines.append("References: " + " ".join(sorted(_base_name(path) for path in info.references)))
        if info.deriver:
            lines.append(f"Deriver: {_base_name(info.deriver)}")
        lines += [f"Sig: {signature}" for signature in info.signatures]
        if info.content_address:
            lines.append(f"CA: {info.content_address}")
        return "\n".join(lines) + "\n"


def parse_narinfo(text: str, store_dir: str, origin: str) -> NarInfo:
    """Read a `.narinfo`; `origin` names it in errors. Raises `BadNarInfo`."""
    fields: dict[str, str] = {}
    signatures = []
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if not colon and line.endswith(":"):
            key, colon = line[:-1], ":"
        if not colon:
            raise BadNarInfo(f"'{origin}' has a line without a key: {line!r}")
        if key == "Sig":
            signatures.append(value)
        elif key in fields:
            raise BadNarInfo(f"'{origin}' has two lines '{key}'")
        else:
            fields[key] = value
    missing = [key for key in _NEEDED if key not in fields]
    if missing:
        raise BadNarInfo(f"'{origin}' lacks the line '{missing[0]}'")
    try:
        parse_store_path(fields["StorePath"], store_dir)
        deriver = fields.get("Deriver")
        info = PathInfo(
            path=fields["StorePath"],
            nar_hash=Hash.parse(fields["NarHash"]),
            nar_size=int(fields["NarSize"]),
            references=frozenset(
                parse_base_name(name).render(store_dir) for name in fields.get("References", "").split()
            ),
            deriver=parse_base_name(deriver).render(store_dir) if deriver and deriver != "unknown-deriver" else None,
            signatures=tuple(signatures),
            content_address=fields.get("CA") or None,
        )
        return NarInfo(
            info,
            fields["URL"],
            fields.get("Compression", "bzip2"),
            Hash.parse(fields["FileHash"]) if "FileHash" in fields else None,
            int(fields["FileSize"]) if "FileSize" in fields else None,
        )
    except (BadStorePath, ValueError) as error:
        raise BadNarInfo(f"'{origin}' is not sound: {error}") from error
    except StoreError as error:
        raise BadNarInfo(f"'{origin}' is not sound: {error.message}") from error


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]
