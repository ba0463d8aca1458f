"""Store paths and their names."""

from __future__ import annotations

import pytest

from osconf.model.hashes import hash_bytes
from osconf.model.store_path import (
    BadStorePath,
    StorePath,
    check_name,
    is_store_path,
    make_fixed_output_path,
    make_output_name,
    parse_store_path,
    split_store_path,
)

HASH = "0" * 32


def test_parse_and_render() -> None:
    text = f"/osconf/store/{HASH}-hello-1.0"
    assert parse_store_path(text, "/osconf/store") == StorePath(HASH, "hello-1.0")
    assert parse_store_path(text, "/osconf/store").render("/osconf/store") == text
    assert is_store_path(text, "/osconf/store")
    assert not is_store_path(text + "/bin", "/osconf/store")


def test_split_gives_the_rest() -> None:
    text = f"/s/{HASH}-a"
    assert split_store_path(text + "/bin/x", "/s") == (text, "/bin/x")
    assert split_store_path(text, "/s") == (text, "")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 212, "a\n", "a:b"])
def test_bad_names(name: str) -> None:
    with pytest.raises(BadStorePath):
        check_name(name)


@pytest.mark.parametrize("text", ["/tmp/x", "/s/abc", f"/s/{'e' * 32}-a", f"/s/{HASH}a", f"/s/{HASH}-", "/s/"])
def test_bad_paths(text: str) -> None:
    with pytest.raises(BadStorePath):
        parse_store_path(text, "/s")


def test_flat_fixed_outputs_have_no_references() -> None:
    with pytest.raises(BadStorePath, match="cannot have references"):
        make_fixed_output_path("a", hash_bytes("sha256", b""), False, ["/s/x"], "/s")


def test_output_names() -> None:
    assert make_output_name("hello", "out") == "hello"
    assert make_output_name("hello", "dev") == "hello-dev"
