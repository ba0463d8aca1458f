"""Packages as values of the language."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from osconf.errors import ArchiveError, EvalError
from osconf.rebuild.primops import mangle_store_name

from .conftest import Archive

Evaluate = Callable[..., Any]


def test_a_package_is_a_derivation_value(evaluate: Evaluate) -> None:
    value = evaluate(
        "{ inherit (pkgs.nginx) type name pname version outputName archivePackage; is = lib.isDerivation pkgs.nginx; }"
    )
    assert value == {
        "type": "derivation",
        "name": "nginx-1.26-1",
        "pname": "nginx",
        "version": "1.26-1",
        "outputName": "out",
        "archivePackage": "nginx",
        "is": True,
    }


def test_store_names_are_mangled(evaluate: Evaluate) -> None:
    path = evaluate('"${pkgs.libz1}"')
    assert path.endswith("-libz1-1=3a1.3=7erc+1-2")
    assert evaluate("pkgs.libz1.version") == "1:1.3~rc+1-2"


def test_mangling_keeps_names_apart() -> None:
    names = ["a~b", "a:b", "a=7eb", "a-b", "a+b", "a_b", ".a", "=2ea", "é"]
    assert len({mangle_store_name(name) for name in names}) == len(names)


def test_programs_have_paths(evaluate: Evaluate) -> None:
    assert evaluate('lib.getExe pkgs.ripgrep == "${pkgs.ripgrep}/bin/rg"') is True
    assert evaluate('lib.getExe pkgs.nginx == "${pkgs.nginx}/bin/nginx"') is True


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("pkgs.fd", "fd-find"),
        ("pkgs.bashInteractive", "bash"),
        ("pkgs.python3Packages.pyyaml", "python3-yaml"),
        ("pkgs.pythonPackages.Requests", "python3-requests"),
        ("pkgs.python3.pkgs.requests", "python3-requests"),
        ("pkgs.perlPackages.JSONXS", "libjson-xs-perl"),
        ("pkgs.linuxPackages_cloud.kernel", "linux-image-6.12.9-cloud-amd64"),
        ("pkgs.libz1.dev", "libz-dev"),
        ("pkgs.nginx.dev", "nginx"),
        ('pkgs."bash-completion"', "bash-completion"),
    ],
)
def test_names_from_elsewhere(evaluate: Evaluate, expression: str, name: str) -> None:
    assert evaluate(f"({expression}).archivePackage") == name


def test_unknown_names_suggest_near_ones(evaluate: Evaluate) -> None:
    with pytest.raises(EvalError) as caught:
        evaluate("pkgs.ngnix.name")
    assert caught.value.hint == "did you mean 'nginx'?"
    with pytest.raises(EvalError) as caught:
        evaluate("with pkgs; [ ripgrap ]")
    assert caught.value.hint == "did you mean 'ripgrep'?"


def test_unknown_names_can_be_asked_about(evaluate: Evaluate) -> None:
    assert evaluate("[ (pkgs ? nothing) (pkgs.nothing or 3) (pkgs ? nginx) ]") == [False, 3, True]


def test_kernels_know_their_version(evaluate: Evaluate) -> None:
    assert evaluate("pkgs.linuxPackages_cloud.kernel.modDirVersion") == "6.12.9-cloud-amd64"


def test_overlays_see_the_final_set(evaluate: Evaluate) -> None:
    overlays = """[
      (final: prev: { mine = final.nginx.pname; nginx = prev.ripgrep; })
      (final: prev: { again = "${prev.mine}!"; })
    ]"""
    assert evaluate("[ pkgs.mine pkgs.again ]", overlays=overlays) == ["ripgrep", "ripgrep!"]
    assert evaluate("(pkgs.extend (final: prev: { x = prev.nginx.pname; })).x") == "nginx"


def test_harmless_attributes_can_be_changed(evaluate: Evaluate) -> None:
    assert (
        evaluate('(pkgs.nginx.overrideAttrs (old: { meta.mainProgram = "n"; version = "${old.version}!"; })).version')
        == "1.26-1!"
    )
    assert evaluate("(pkgs.nginx.override { x = 1; }).pname") == "nginx"


def test_a_build_of_the_archive_cannot_be_changed(evaluate: Evaluate) -> None:
    with pytest.raises(EvalError, match="comes from the archive and cannot be changed with overrideAttrs"):
        evaluate("(pkgs.nginx.overrideAttrs { patches = [ ]; }).name")


def test_an_environment_holds_the_closure(evaluate: Evaluate) -> None:
    names = evaluate('(pkgs.mkEnvironment { packages = [ pkgs.nginx "ripgrep" [ pkgs.bash ] ]; }).packages')
    assert names == ["base-files", "bash", "libz1", "nginx", "nginx-common", "ripgrep"]


def test_an_environment_holds_what_texts_refer_to(evaluate: Evaluate) -> None:
    context = '{ unit = "ExecStart=${pkgs.writeShellScript "s" "exec ${pkgs.ripgrep}/bin/rg"}"; }'
    assert "ripgrep" in evaluate(f"(pkgs.mkEnvironment {{ context = {context}; }}).packages")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ('"${pkgs.nginx}/bin/nginx"', ["nginx"]),
        ("{ a.b = [ pkgs.nginx 1 null ]; }", ["nginx"]),
        ('pkgs.writeText "x" "${pkgs.fd}"', ["fd-find"]),
        (
            'pkgs.writeShellApplication { name = "x"; runtimeInputs = [ pkgs.fd ]; text = "${pkgs.nginx}"; }',
            ["fd-find", "nginx"],
        ),
        ('pkgs.symlinkJoin { name = "x"; paths = [ pkgs.fd ]; }', ["fd-find"]),
        ("pkgs.python3.withPackages (ps: [ ps.requests ])", ["python3", "python3-requests"]),
        ('pkgs.linkFarm "x" { bin = pkgs.nginx; }', ["nginx"]),
        ('pkgs.runCommand "x" { } "echo ${pkgs.nginx}"', []),
        ('pkgs.runCommand "x" { archiveDependencies = [ "ripgrep" ]; } "echo ${pkgs.nginx}"', ["ripgrep"]),
        ('"${pkgs.nginx.contents}/x"', []),
        ('"plain"', []),
    ],
)
def test_the_packages_behind_a_value(evaluate: Evaluate, value: str, names: list[str]) -> None:
    assert evaluate(f"pkgs.packagesIn ({value})") == names


def test_joined_packages_are_members_of_an_environment(evaluate: Evaluate) -> None:
    environment = evaluate("""
      let
        python = pkgs.python3.withPackages (ps: [ ps.requests ]);
        e = pkgs.mkEnvironment { packages = [ python (pkgs.writeScriptBin "x" "") ]; };
      in
      { inherit (e) packages; trees = e.drvAttrs.extraTrees; }
    """)
    assert "python3-requests" in environment["packages"]
    assert [tree.rpartition("-")[2] for tree in json.loads(environment["trees"])] == ["x"]


def test_a_sibling_of_the_same_source_is_part_of_the_view(evaluate: Evaluate) -> None:
    siblings = json.loads(evaluate("pkgs.python3.drvAttrs.siblings"))
    assert [sibling["name"] for sibling in siblings] == ["python3.13-minimal"]


def test_errors_name_where_a_package_was_asked_for(evaluate: Evaluate) -> None:
    with pytest.raises(ArchiveError, match=r"‘old’ \(in environment.systemPackages\) needs ‘libmissing’"):
        evaluate('(pkgs.mkEnvironment { packages = [ pkgs.old ]; reason = "in environment.systemPackages"; }).packages')


def test_a_package_of_another_source_brings_what_it_needs(archive: Archive) -> None:
    newer = f'(pkgs.withArchiveSources [ {{ id = "newer"; suite = ""; base = "{archive.other}"; trusted = true; }} ])'
    expression = f"""
      let e = pkgs.mkEnvironment {{ packages = [ pkgs.nginx ]; context = "${{{newer}.ripgrep}}/bin/rg"; }};
      in e.drvAttrs.packages
    """
    paths = [package["contents"].partition("-")[2] for package in json.loads(archive.evaluate(expression))]
    assert paths == ["base-files-13", "bash-5.2-1", "libz1-1=3a2", "nginx-1.26-1", "nginx-common-1.26-1", "ripgrep-15"]


def test_the_lock_records_what_is_used(archive: Archive) -> None:
    archive.evaluate("(pkgs.mkEnvironment { packages = [ pkgs.nginx ]; }).packages")
    lock = json.loads(archive.lock_path.read_text())
    assert lock["packages"]["local"]["libz1"]["reason"] == "needed by nginx"


def test_formats(evaluate: Evaluate) -> None:
    assert evaluate(
        '((pkgs.formats.toml { }).generate "x" { b = 1; a.c = [ 1 "x" ]; l = [ { y = true; } ]; }).drvAttrs.text'
    ) == ('b = 1\n\n[a]\nc = [ 1, "x" ]\n\n[[l]]\ny = true\n')
    assert evaluate('((pkgs.formats.ini { }).generate "x" { s.k = 1; }).drvAttrs.text') == "[s]\nk=1\n"


def test_source_builds_see_headers_and_run_with_libraries(evaluate: Evaluate) -> None:
    assert evaluate("pkgs.libz1.developmentPackages") == ["libz-dev"]
    built = 'pkgs.stdenv.mkDerivation { name = "x"; buildInputs = [ pkgs.libz1 ]; nativeBuildInputs = [ pkgs.fd ]; }'
    assert {"gcc", "libz-dev", "fd-find"} <= set(evaluate(f"({built}).environment.packages"))
    assert evaluate(f"pkgs.packagesIn ({built})") == ["libstdc++6", "libz1"]
    assert evaluate(f'pkgs.packagesIn "${{{built}}}/bin/x"') == ["libstdc++6", "libz1"]


def test_a_source_build_can_be_changed(evaluate: Evaluate) -> None:
    change = '(old: { pname = old.pname + "2"; doCheck = true; })'
    fixed = '{ pname = "x"; version = "1"; }'
    assert evaluate(f"((pkgs.stdenv.mkDerivation {fixed}).overrideAttrs {change}).name") == "x2-1"
    final = '(self: { pname = "x"; version = "1"; text = "${self.pname}!"; })'
    assert evaluate(f"((pkgs.stdenv.mkDerivation {final}).overrideAttrs {change}).drvAttrs.text") == "x2!"


def test_the_configuration_of_the_set(evaluate: Evaluate) -> None:
    components = "(builtins.head (import <osconf/pkgs> { config.allowUnfree = true; }).sources).components"
    assert evaluate(components) == ["main", "contrib", "non-free", "non-free-firmware"]
    override = (
        "import <osconf/pkgs> { inherit (pkgs) sources; config.packageOverrides = prev: { x = prev.nginx.pname; }; }"
    )
    assert evaluate(f"({override}).x") == "nginx"
