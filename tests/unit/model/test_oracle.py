"""Byte equality with the installed Nix."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from osconf.model.derivation import derivation_path, fill_output_paths, hash_modulo, parse, serialize
from osconf.model.hashes import hash_bytes, hash_file
from osconf.model.nar import dump_path, hash_path, restore
from osconf.model.store_path import make_fixed_output_path, make_text_path
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not has_nix(), reason="no nix-store here")]

STORE = "/nix/store"

RECIPES = r"""
let
  fixed = derivation {
    name = "fetched"; system = "x"; builder = "b";
    outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; outputHashMode = "recursive";
    outputHashAlgo = "sha256";
  };
  flat = derivation {
    name = "flat"; system = "x"; builder = "b";
    outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"; outputHashAlgo = "sha1";
  };
  several = derivation {
    name = "several"; system = "x"; builder = "/b\"q\n\t\r\\"; outputs = [ "out" "dev" "man" ];
    args = [ "1 é" "${fixed}" "${flat}" ]; text = builtins.toFile "text" "hello ${fixed.name}";
  };
  user = derivation {
    name = "user"; system = "x"; builder = "${several.dev}/x"; inputs = [ several.man several ];
    __structuredAttrs = true;
    outputs = [ "x" "y" ]; nested = { a = [ 1 2 ]; };
  };
in derivation { name = "top"; system = "x"; builder = "${user.y}"; drv = several.drvPath;
  self = builtins.placeholder "out"; }
"""


@pytest.fixture
def oracle(tmp_path: Path) -> NixOracle:
    return NixOracle(tmp_path / "oracle")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "b").mkdir(parents=True)
    (root / "a").write_text("hello")
    (root / "b" / "x.sh").write_text("#!")
    (root / "b" / "x.sh").chmod(0o755)
    (root / "l").symlink_to("../foo")
    (root / "big").write_bytes(os.urandom(300_001))
    (root / "é").write_text("")
    return root


def test_archive_is_equal(oracle: NixOracle, tree: Path, tmp_path: Path) -> None:
    ours = bytearray()
    dump_path(tree, ours.extend)
    theirs = oracle.run("nix-store", "--dump", str(tree))
    assert bytes(ours) == theirs
    restore(io.BytesIO(theirs), tmp_path / "copy")
    assert hash_path(tmp_path / "copy") == hash_path(tree)


def test_spellings_of_hashes(oracle: NixOracle, tree: Path) -> None:
    value = hash_path(tree)[0]
    assert oracle.text("nix", "hash", "path", str(tree)) == value.sri()
    assert oracle.text("nix-hash", "--type", "sha256", "--base32", str(tree)) == value.base32()


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("recursive", [True, False])
def test_fixed_paths(oracle: NixOracle, tree: Path, algorithm: str, recursive: bool) -> None:
    flags = ["--recursive"] if recursive else []
    theirs = oracle.text("nix-store", "--add-fixed", *flags, algorithm, str(tree / "a"))
    content = hash_path(tree / "a", algorithm)[0] if recursive else hash_file(algorithm, tree / "a")
    assert theirs == make_fixed_output_path("a", content, recursive, (), STORE)


def test_derivations_of_an_expression(oracle: NixOracle) -> None:
    top = oracle.text("nix-instantiate", "-E", RECIPES)
    real = oracle.root / "root"

    def hash_of(path: str) -> str:
        return hash_modulo(parse(Path(f"{real}{path}").read_bytes()), hash_of)

    names = set()
    for file in (real / "nix/store").glob("*.drv"):
        data = file.read_bytes()
        drv = parse(data)
        assert serialize(drv) == data
        blank = replace(drv, outputs={name: replace(output, path="") for name, output in drv.outputs.items()})
        filled = fill_output_paths(blank, hash_of, STORE)
        assert filled == drv
        assert derivation_path(drv, drv.name, STORE) == f"{STORE}/{file.name}"
        names.add(drv.name)
    assert names == {"fetched", "flat", "several", "user", "top"}
    assert top.endswith("-top.drv")


def test_text_paths(oracle: NixOracle) -> None:
    theirs = oracle.text("nix-instantiate", "--eval", "--strict", "-E", 'builtins.toFile "t" "text"').strip('"')
    assert theirs == make_text_path("t", hash_bytes("sha256", b"text"), (), STORE)
