"""The options of the language's commands: experimental features, pure evaluation, errors as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from osconf.cli.app import guard, program

PIPED = "[ 1 2 ] |> builtins.length"
FEATURE = ("--extra-experimental-features", "pipe-operators")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OSCONF_STORE", str(tmp_path / "store"))


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = guard(lambda: program(arguments, standalone_mode=False), arguments)
    output = capsys.readouterr()
    return code, output.out, output.err


def test_pipe_operators(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = run("eval", "-E", PIPED, capsys=capsys)
    assert code == 1
    assert "--extra-experimental-features pipe-operators" in errors
    assert run("eval", *FEATURE, "-E", PIPED, capsys=capsys)[:2] == (0, "2\n")
    assert run("eval", "--experimental-features", "flakes pipe-operators", "-E", PIPED, capsys=capsys)[1] == "2\n"
    assert run("parse", "-E", PIPED, capsys=capsys)[0] == 1
    assert run("parse", *FEATURE, "-E", PIPED, capsys=capsys)[0] == 0
    derivation = '{ name = "n"; system = "s"; builder = "/b"; } |> derivation'
    assert run("instantiate", *FEATURE, "-E", derivation, capsys=capsys)[1].endswith("-n.drv\n")


def test_pure_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("eval", "--pure-eval", "-E", 'builtins.getEnv "PATH"', capsys=capsys)[1] == '""\n'
    code, _, errors = run("eval", "--pure-eval", "-E", "builtins.readFile /etc/passwd", capsys=capsys)
    assert code == 1
    assert "leave --pure-eval out" in errors


def test_restricted_evaluation_fetches_what_is_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "text").write_text("hi")
    address = f"file://{tmp_path}/ab"
    expression = f'builtins.readFile (builtins.fetchurl "{address}/text")'
    code, _, errors = run("eval", "--restrict-eval", "-E", expression, capsys=capsys)
    assert code == 1
    assert f"access to URI '{address}/text' is forbidden in restricted mode" in errors
    for allowed in (address, f"https://x.y {address}/text", f"file://{tmp_path}/", "file:"):
        given = ("eval", "--restrict-eval", "--allowed-uris", allowed, "-E", expression)
        assert run(*given, capsys=capsys)[:2] == (0, '"hi"\n')
    for allowed in (address[:-1], f"{address}/tex", "http:"):
        assert run("eval", "--restrict-eval", "--allowed-uris", allowed, "-E", expression, capsys=capsys)[0] == 1


def test_url_literals_can_be_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("eval", "-E", "https://a.b", capsys=capsys)[1] == '"https://a.b"\n'
    for command in ("eval", "parse"):
        feature = ("--extra-experimental-features", "no-url-literals")
        code, _, errors = run(command, *feature, "-E", "[ https://a.b ]", capsys=capsys)
        assert code == 1
        assert "URL literals are disabled" in errors


def test_find_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text("1")
    found = run("eval", "--find-file", "-I", f"n={tmp_path}", "n/x", "n", capsys=capsys)
    assert found[:2] == (0, f"{tmp_path}/x\n{tmp_path}\n")
    code, _, errors = run("eval", "--find-file", "nowhere", capsys=capsys)
    assert code == 1
    assert "was not found in the Nix search path" in errors


def test_xml_without_places(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("eval", "--xml", "--strict", "-E", "{ a = x: x; }")
    assert '<attr column="3" line="1" name="a">' in run(*given, capsys=capsys)[1]
    output = run(*given, "--no-location", capsys=capsys)[1]
    assert '<attr name="a">' in output
    assert "<function>" in output


def test_evaluation_writes_on_request_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("eval", "-E", 'builtins.toFile "a" "b"')
    place = run(*given, capsys=capsys)[1].strip().strip('"')
    file = Path(f"{tmp_path}/store{place}")
    assert not file.exists()
    assert run(*given, "--read-write-mode", capsys=capsys)[0] == 0
    assert file.read_text() == "b"


def test_derivations_can_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make = '(name: derivation { inherit name; system = "s"; builder = "/b"; outputs = [ "out" "dev" ]; })'
    root = str(tmp_path / "root")
    given = ("instantiate", "-E", f'[ ({make} "a") ({make} "b").dev ]', "--add-root", root, "--indirect")
    code, output, _ = run(*given, capsys=capsys)
    assert (code, output) == (0, f"{root}\n{root}-2!dev\n")
    assert Path(root).readlink().name.endswith("-a.drv")
    assert Path(f"{root}-2").readlink().name.endswith("-b.drv")


def test_errors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, errors = run("eval", "--json", "-E", "{ name = 1; }.nmae", capsys=capsys)
    assert (code, output) == (1, "")
    error = json.loads(errors)["error"]
    assert error["code"] == "missing-attribute"
    assert error["hint"] == "did you mean 'name'?"
    assert (error["position"]["line"], error["position"]["column"]) == (1, 15)


def test_line_ends_stay_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "crlf.nix").write_bytes(b"''a\r\nb''")
    assert run("parse", str(tmp_path / "crlf.nix"), capsys=capsys)[1] == '"a\\r\\nb"\n'


def test_options_are_explained() -> None:
    for command in ("eval", "build", "instantiate", "parse", "repl"):
        assert "pipe-operators" in CliRunner().invoke(program, [command, "--help"]).output


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("1979-05-27T00:32:00.9990-07:00", "1979-05-27T00:32:00.999-07:00"),
        ("1979-05-27T07:32:00", "1979-05-27T07:32:00"),
        ("1979-05-27", "1979-05-27"),
        ("07:32:00.5", "07:32:00.5"),
    ],
)
def test_timestamps_in_toml(written: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'(builtins.fromTOML "a = {written}").a'
    feature = ("--extra-experimental-features", "parse-toml-timestamps")
    shown = f'{{ _type = "timestamp"; value = "{value}"; }}\n'
    assert run("eval", *feature, "--strict", "-E", text, capsys=capsys)[1] == shown
    code, _, errors = run("eval", "-E", text, capsys=capsys)
    assert (code, "Dates and times are not supported" in errors) == (1, True)
