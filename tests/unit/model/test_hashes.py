"""Hashes and their spellings."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osconf.model.hashes import (
    BadHash,
    Hash,
    base32_length,
    compress_hash,
    decode_base32,
    encode_base32,
    hash_bytes,
    hash_file,
)


@given(st.binary(max_size=80))
def test_base32_round_trip(data: bytes) -> None:
    text = encode_base32(data)
    assert len(text) == base32_length(len(data))
    assert decode_base32(text) == data


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_parse_reads_every_spelling(algorithm: str) -> None:
    value = hash_bytes(algorithm, b"abc")
    for text in (value.sri(), value.prefixed("base16"), value.prefixed("base32"), value.prefixed("base64")):
        assert Hash.parse(text) == value
    for text in (value.base16(), value.base32(), value.base64()):
        assert Hash.parse(text, algorithm) == value


def test_base32_of_a_known_digest() -> None:
    assert hash_bytes("sha256", b"").base32() == "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"


@pytest.mark.parametrize(
    ("text", "algorithm", "message"),
    [
        ("abc", None, "does not include a type"),
        ("sha256:abc", None, "wrong length"),
        ("sha256-" + "A" * 43 + "=", "sha1", "should have type 'sha1'"),
        ("e" * 52, "sha256", "invalid base-32 hash"),
        ("00" * 32, "sha3", "unknown hash algorithm"),
        ("z" * 52, "sha256", "invalid base-32 hash"),
        ("sha256-" + "!" * 44, None, "invalid SRI hash"),
    ],
)
def test_bad_hashes_are_explained(text: str, algorithm: str | None, message: str) -> None:
    with pytest.raises(BadHash, match=message):
        Hash.parse(text, algorithm)


def test_compress_folds_by_exclusive_or() -> None:
    assert compress_hash(bytes([1, 2, 3, 4]), 2) == bytes([1 ^ 3, 2 ^ 4])


def test_hash_file_equals_hash_bytes(tmp_path) -> None:
    data = b"x" * (3 << 20)
    (tmp_path / "f").write_bytes(data)
    assert hash_file("sha256", tmp_path / "f") == Hash("sha256", hashlib.sha256(data).digest())
