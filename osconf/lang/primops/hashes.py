"""Primops that hash and that respell hashes."""

from __future__ import annotations

from osconf.errors import EvalError, StoreError
from osconf.lang.primops.expect import expect_attrs, expect_plain_string, expect_string, require_attribute
from osconf.lang.primops.file_access import read_bytes, realise_path
from osconf.lang.primops.registry import primop
from osconf.lang.values import Value
from osconf.model.hashes import ALGORITHMS, Hash, hash_bytes


def check_algorithm(name: str) -> str:
    """The name, which must be that of a known hash algorithm."""
    if name not in ALGORITHMS:
        raise EvalError(
            f"unknown hash algorithm '{name}', expect 'md5', 'sha1', 'sha256', or 'sha512'",
            code="unknown-hash-algorithm",
        )
    return name


@primop("hashString", "!!")
def hash_string(algorithm: Value, text: Value) -> str:
    """`string -> string -> string`: the hash of a string in base16; md5, sha1, sha256 or sha512.

    builtins.hashString "md5" ""  =>  "d41d8cd98f00b204e9800998ecf8427e"
    """
    name = check_algorithm(expect_plain_string(algorithm, "the first argument passed to builtins.hashString"))
    data = expect_string(text, "the second argument passed to builtins.hashString").encode("latin-1")
    return hash_bytes(name, data).base16()


@primop("hashFile", "!!")
def hash_file_content(algorithm: Value, path: Value) -> str:
    """`string -> path -> string`: the hash of a file's content in base16.

    builtins.hashFile "sha256" ./file  =>  "e3b0c442…"
    """
    name = check_algorithm(expect_plain_string(algorithm, "the first argument passed to builtins.hashFile"))
    return hash_bytes(name, read_bytes(realise_path(path))).base16()


@primop("convertHash", "!")
def convert_hash(argument: Value) -> str:
    """`{ hash, toHashFormat, hashAlgo ? } -> string`: spell a hash in base16, nix32, base64 or sri.

    builtins.convertHash { hash = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="; toHashFormat = "base16"; }  =>  "da39a3ee…"
    """
    attrs = expect_attrs(argument, "the first argument passed to builtins.convertHash")
    place = "while locating the attribute 'hash'"
    text = expect_plain_string(require_attribute(attrs, "hash", place), "the attribute 'hash'")
    algorithm = None
    if "hashAlgo" in attrs:
        algorithm = check_algorithm(
            expect_plain_string(require_attribute(attrs, "hashAlgo", place), "the attribute 'hashAlgo'")
        )
    wanted = expect_plain_string(
        require_attribute(attrs, "toHashFormat", "while locating the attribute 'toHashFormat'"),
        "the attribute 'toHashFormat'",
    )
    try:
        value = Hash.parse(text, algorithm)
    except StoreError as error:
        raise EvalError(error.message, code="bad-hash", hint=error.hint) from error
    return spell_hash(value, wanted)


def spell_hash(value: Hash, wanted: str) -> str:
    """A hash in one of Nix's formats."""
    match wanted:
        case "base16":
            return value.base16()
        case "nix32" | "base32":
            return value.base32()
        case "base64":
            return value.base64()
        case "sri":
            return value.sri()
    raise EvalError(
        f"unknown hash format '{wanted}', expect 'base16', 'base32', 'base64', or 'sri'", code="unknown-hash-format"
    )
