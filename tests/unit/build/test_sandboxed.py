"""The world that a sandboxed builder sees."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from osconf.build.attributes import write_shell_attributes
from osconf.build.logs import read_log
from osconf.build.placeholders import make_placeholder
from osconf.build.users import FIRST_UID, can_change_user
from osconf.errors import BuildError
from osconf.model.hashes import hash_bytes
from osconf.store.follow import LeadsOut
from tests.unit.build.conftest import Workbench

DASH = Path("/usr/bin/dash")
LOADER = Path("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
LIBC = Path("/usr/lib/x86_64-linux-gnu/libc.so.6")


def test_only_the_closure_is_visible(bench: Workbench) -> None:
    deep = bench.text("deep", "x")
    near = bench.text("near", deep.out, deep)
    other = bench.text("other", "x")
    bench.build(other)
    seen = bench.build(bench.shell("seen", "ls $NIX_STORE > /tmp/l; cp /tmp/l $out", near)).read_text().split()
    assert sorted(name.partition("-")[2] for name in seen) == ["deep", "near"]


def test_environment_of_a_builder(bench: Workbench) -> None:
    out = bench.build(bench.shell("env", "{ pwd; id -u; id -g; echo $HOME $TMPDIR $NIX_BUILD_CORES; } > $out"), cores=3)
    assert out.read_text().split() == ["/build", "1000", "100", "/homeless-shelter", "/build", "3"]


def test_builders_hear_signals(bench: Workbench) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        out = bench.build(bench.shell("signals", "grep -E 'Sig(Ign|Blk)' /proc/self/status > $out"))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert [int(line.split()[1], 16) for line in out.read_text().splitlines()] == [0, 0]


def test_what_attributes_cannot_change(bench: Workbench) -> None:
    script = "echo $TMPDIR $NIX_BUILD_TOP $NIX_LOG_FD $TERM $HOME > $out"
    recipe = bench.shell("env", script, TMPDIR="/a", NIX_BUILD_TOP="/b", NIX_LOG_FD="9", TERM="dumb", HOME="/h")
    assert bench.build(recipe).read_text().split() == ["/build", "/build", "2", "xterm-256color", "/h"]


def test_fixed_outputs_see_variables_that_they_name(bench: Workbench) -> None:
    environment = {"ASKED": "yes", "OTHER": "no"}
    script = "echo $ASKED:$OTHER:${UNSET-missing}:$NIX_OUTPUT_CHECKED > $out"
    content = hash_bytes("sha256", b"yes:::1\n").base16()
    fixed = bench.shell("fixed", script, fixed=("sha256", content), impureEnvVars="ASKED UNSET")
    assert bench.build(fixed, environment=environment).read_text() == "yes:::1\n"
    plain = bench.shell("plain", script, impureEnvVars="ASKED UNSET")
    assert bench.build(plain, environment=environment).read_text() == "::missing:\n"


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs mount")
def test_root_inside_on_request(bench: Workbench) -> None:
    recipe = bench.shell("root", "id -u > $out; mkdir /x; mount -t tmpfs x /x", requiredSystemFeatures="uid-range")
    assert bench.build(recipe).read_text() == "0\n"


@pytest.mark.skipif(not can_change_user(), reason="root alone has build users")
def test_builders_are_strangers_to_the_machine(bench: Workbench) -> None:
    recipe = bench.shell("who", "tr -s ' ' < /proc/self/uid_map > $out; mkdir -p /build/d; touch /build/d/f")
    inside, outside, count = map(int, bench.build(recipe).read_text().split())
    assert (inside, count) == (1000, 1) and outside >= FIRST_UID
    assert bench.store.real_path(recipe.out).stat().st_uid == 0
    assert list(bench.store.layout.locks.iterdir()) == []


def test_inputs_are_roots_to_root_inside(bench: Workbench) -> None:
    near = bench.text("near", "x")
    recipe = bench.shell(
        "owners", "stat -c %u $in > $out", near, requiredSystemFeatures="uid-range", **{"in": near.out}
    )
    assert bench.build(recipe).read_text() == "0\n"


def test_missing_features_are_explained(bench: Workbench) -> None:
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("x", "true", requiredSystemFeatures="quantum"))
    assert caught.value.code == "missing-features"


def test_inputs_cannot_be_written(bench: Workbench) -> None:
    near = bench.text("near", "x")
    bench.build(
        bench.shell(
            "try", "echo bad > $in && exit 1; chmod 777 $in && exit 1; echo ok > $out", near, **{"in": near.out}
        )
    )
    assert bench.store.real_path(near.out).read_text() == "x"


def test_no_network_but_for_fixed_outputs(bench: Workbench) -> None:
    count = "grep -c : /proc/net/dev"
    assert bench.build(bench.shell("closed", f"{count} > $out")).read_text() == "1\n"
    script = f"test -e /etc/hosts; {count} >&2; printf x > $out"
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    recipe = bench.shell("open", script, fixed=("sha256", digest))
    bench.build(recipe)
    hosts = sum(":" in line for line in Path("/proc/net/dev").read_text().splitlines())
    assert int(read_log(bench.store, recipe.path) or 0) == hosts


def test_several_outputs_and_placeholders(bench: Workbench) -> None:
    recipe = bench.shell(
        "two",
        "mkdir $out; echo x > $out/x; echo $mine > $dev; echo '" + make_placeholder("out") + "' >> $dev",
        outputs=("out", "dev"),
        mine=make_placeholder("out"),
    )
    bench.build(recipe)
    dev = recipe.drv.output_path("dev")
    assert bench.store.real_path(dev).read_text().split() == [recipe.out, recipe.out]
    assert not bench.store.query_path_info(recipe.out).references
    assert bench.store.query_path_info(dev).references == {recipe.out}


def test_pass_as_file_and_graph(bench: Workbench) -> None:
    deep = bench.text("deep", "x")
    near = bench.text("near", deep.out, deep)
    recipe = bench.shell(
        "files",
        'cat $longPath graph > $out; test -z "$long"',
        near,
        passAsFile="long",
        long="é".encode().decode("latin-1") * 70_000,
        exportReferencesGraph=f"graph {near.out}",
    )
    text = bench.build(recipe).read_text()
    assert text.startswith("é" * 70_000)
    assert text.removeprefix("é" * 70_000).splitlines() == [
        line
        for path, used in sorted({deep.out: [], near.out: [deep.out]}.items())
        for line in (path, "", str(len(used)), *used)
    ]


def test_pass_as_file_leaves_out_what_is_not_there(bench: Workbench) -> None:
    recipe = bench.shell("files", "echo ${nothingPath-none} > $out; ls -A >> $out", passAsFile="nothing")
    assert bench.build(recipe).read_text() == "none\n"


def test_graph_of_a_derivation_has_its_outputs(bench: Workbench) -> None:
    deep = bench.text("deep", "x")
    near = bench.text("near", deep.out, deep)
    recipe = bench.shell(
        "graph", "cp graph $out", near, deep, sources=(near.path,), exportReferencesGraph=f"graph {near.path}"
    )
    lines = bench.build(recipe).read_text().splitlines()
    assert {deep.path, deep.out, near.path, near.out} <= set(lines)


@pytest.mark.parametrize("structured", [False, True])
def test_graph_is_of_inputs_alone(bench: Workbench, structured: bool) -> None:
    other = bench.text("other", "x")
    bench.build(other)
    recipe = (
        bench.shell("graph", "true", structured={"exportReferencesGraph": {"g": [other.out]}})
        if structured
        else bench.shell("graph", "true", exportReferencesGraph=f"g {other.out}")
    )
    with pytest.raises(BuildError, match="which is not among its inputs"):
        bench.build(recipe)


def test_a_builder_that_cannot_start_is_explained(bench: Workbench) -> None:
    with pytest.raises(BuildError) as caught:
        bench.build(bench.shell("long", "true", text="x" * 200_000))
    assert "passAsFile" in (caught.value.hint or "")
    text = bench.text("text", "x")
    bench.build(text)
    with pytest.raises(BuildError) as caught:
        bench.build(bench.derive("plain", text.out, text))
    assert caught.value.hint == "the builder has to be an executable file"


def test_structured_attributes(bench: Workbench) -> None:
    near = bench.text("near", "x")
    recipe = bench.shell(
        "structured",
        "/usr/bin/cp $NIX_ATTRS_JSON_FILE $out; /usr/bin/test -s $NIX_ATTRS_SH_FILE",
        near,
        structured={"list": ["a", "b c"], "exportReferencesGraph": {"closure": [near.out]}},
    )
    data = json.loads(bench.build(recipe).read_text())
    assert data["list"] == ["a", "b c"]
    assert data["outputs"] == {"out": recipe.out}
    info = bench.store.query_path_info(near.out)
    assert data["closure"] == [
        {
            "path": near.out,
            "narHash": info.nar_hash.prefixed(),
            "narSize": info.nar_size,
            "closureSize": info.nar_size,
            "references": [],
            "valid": True,
        }
    ]


def test_shell_attributes() -> None:
    text = write_shell_attributes(
        {"s": "a'b", "n": 3, "t": True, "f": False, "z": None, "l": [1, "x y"], "a": {"k": "v"}, "deep": {"x": []}}
    )
    assert text.splitlines() == [
        "declare -A a=(['k']='v' )",
        "declare f=",
        "declare -a l=(1 'x y' )",
        "declare n=3",
        "declare s='a'\\''b'",
        "declare t=1",
        "declare z=''",
    ]


@pytest.mark.skipif(not DASH.exists() or not LOADER.exists(), reason="needs dash and glibc of x86_64")
def test_environment_becomes_usr(bench: Workbench, tmp_path: Path) -> None:
    usr = tmp_path / "env/usr"
    for source in (DASH, LOADER, LIBC):
        place = usr / source.relative_to("/usr")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
    (usr / "lib64").mkdir(exist_ok=True)
    shutil.copy(LOADER, usr / "lib64" / LOADER.name)
    (tmp_path / "env/etc/app").mkdir(parents=True)
    (tmp_path / "env/etc/app/conf").write_text("configured")
    (tmp_path / "env/etc/passwd").write_text("not this one")
    tool = bench.text("tool", "x")
    description = {"wrappers": [{"name": "mount", "source": tool.out}]}
    (tmp_path / "env/environment.json").write_text(json.dumps(description))
    environment = bench.store.add_path(tmp_path / "env", "env")
    script = """
        IFS= read -r conf < /etc/app/conf; read -r user < /etc/passwd; read -r tool < /run/wrappers/bin/mount
        echo "$conf $user $tool $PATH $(echo /usr/*)" > $out
    """
    recipe = bench.derive(
        "x", "/usr/bin/dash", tool, args=("-c", script), osconfEnvironment=environment, sources=(environment,)
    )
    assert bench.build(recipe, sandbox_paths={}).read_text() == (
        "configured root:x:0:0:root:/build:/noshell x /usr/bin:/usr/sbin /usr/bin /usr/lib /usr/lib64\n"
    )


@pytest.mark.parametrize("name", ["usr", "etc", "environment.json", ""])
def test_environment_shows_nothing_of_this_machine(bench: Workbench, tmp_path: Path, name: str) -> None:
    """Its parts may be links that a stranger made; root shows what is behind them to nobody."""
    (tmp_path / "outside/usr/bin").mkdir(parents=True)
    view = tmp_path / "view/environment"
    if name:
        view.mkdir(parents=True)
        (view / name).symlink_to(tmp_path / "outside")
    else:
        view.parent.mkdir()
        view.symlink_to(tmp_path / "outside")
    path = bench.store.add_path(tmp_path / "view", "view")
    recipe = bench.derive(
        "x", "/usr/bin/sh", args=("-c", ": > $out"), osconfEnvironment=f"{path}/environment", sources=(path,)
    )
    with pytest.raises(LeadsOut):
        bench.build(recipe)


ACCOMPLICE = """
import array, os, socket, sys
output = os.environ["out"]
with open(output, "w") as file:
    file.write("good")
writable = os.open(output, os.O_RDWR)
try:
    talk = socket.socket(socket.AF_UNIX)
    talk.connect("\\0" + sys.argv[1])
    talk.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [writable]))])
except OSError:
    pass
"""


@pytest.mark.skipif(not can_change_user(), reason="root alone builds for others")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python in /usr/bin")
def test_no_open_output_leaves_a_build(bench: Workbench) -> None:
    """A builder with the network could send a file that it may still write, when it is valid, to who asked for it."""
    name = f"osconf-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")
        listening.listen()
        listening.settimeout(0.5)
        recipe = bench.derive(
            "fixed",
            "/usr/bin/python3",
            args=("-c", ACCOMPLICE, name),
            fixed=("sha256", hash_bytes("sha256", b"good").base16()),
        )
        assert bench.build(recipe).read_text() == "good"
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.parametrize("name", ["../../../../.host{place}/evil", "a/../../../../../.host{place}/evil", "..", "."])
def test_wrappers_of_an_environment_are_made_inside(bench: Workbench, tmp_path: Path, name: str) -> None:
    """They are links that root makes before it leaves the machine's root behind."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "env/usr").mkdir(parents=True)
    tool = bench.text("tool", "x")
    wrappers = [{"name": name.format(place=tmp_path / "victim"), "source": tool.out}]
    (tmp_path / "env/environment.json").write_text(json.dumps({"wrappers": wrappers}))
    environment = bench.store.add_path(tmp_path / "env", "env")
    recipe = bench.derive(
        "x", "/nowhere", tool, args=("-c", ": > $out"), osconfEnvironment=environment, sources=(environment,)
    )
    with pytest.raises(BuildError):
        bench.build(recipe, sandbox_paths={})
    assert list((tmp_path / "victim").iterdir()) == []
