"""Placeholders: `builtins.placeholder "out"` stands for an output's path until the build, where it is put in."""

from __future__ import annotations

from functools import lru_cache

from osconf.model.derivation import Derivation
from osconf.model.hashes import encode_base32, hash_bytes


@lru_cache(maxsize=256)
def make_placeholder(output_name: str) -> str:
    """What `builtins.placeholder` gives for an output."""
    return "/" + encode_base32(hash_bytes("sha256", f"nix-output:{output_name}".encode()).digest)


def replace_placeholders(drv: Derivation, text: str) -> str:
    """Put the outputs' paths in."""
    for name, output in drv.outputs.items():
        placeholder = make_placeholder(name)
        if placeholder in text:
            text = text.replace(placeholder, output.path)
    return text


def real_text(text: str) -> str:
    """From a derivation's byte string to ordinary text."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def real_environment(drv: Derivation) -> dict[str, str]:
    """The environment as ordinary text, placeholders replaced."""
    return {real_text(key): real_text(replace_placeholders(drv, value)) for key, value in drv.env.items()}
