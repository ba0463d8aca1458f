"""Bad input, as a user meets it: a clear error of one screen with their own line, and nothing changed.

`golden/NAME.txt` holds what the program prints; `ACCEPT=1` writes what comes out, for review. "Nothing changed" is a
manifest of the store (files and database), the profiles and the configuration with its lock, before and after.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from osconf.archive.fetch import Fetcher
from osconf.archive.mirror import read_machine_mirrors
from tests.functional.offline_machine import HARDWARE, ROOT, Machine, Outcome, make_stanza

GOLDEN = Path(__file__).with_name("golden")
ONE_SCREEN = 40

# name -> the lines of the configuration
MISTAKES = {
    "missing-semicolon": 'networking.hostName = "web"\nnetworking.domain = "example.org";',
    "unclosed-list": 'networking.hostName = "web";\nenvironment.systemPackages = [ pkgs.git;',
    "unknown-option": 'networking.hostNmae = "web";',
    "unknown-option-of-a-service": ('services.nginx = { enable = true; virtualHosts."example.org".rooot = "/srv"; };'),
    "wrong-type": 'services.nginx.enable = "yes";',
    "wrong-type-in-a-list": 'networking.firewall.allowedTCPPorts = [ 80 "https" ];',
    "out-of-range": "networking.firewall.allowedTCPPorts = [ 80 70000 ];",
    "conflicting-definitions": 'imports = [ ./hardware.nix ./other.nix ];\nnetworking.hostName = "web";',
    "unknown-package": "environment.systemPackages = with pkgs; [\n  tmux\n  gti\n];",
    "unknown-package-of-pkgs": "environment.systemPackages = [ pkgs.gti ];",
    "package-as-text": 'environment.systemPackages = [ "git" ];',
    "unsatisfiable": "environment.systemPackages = [ pkgs.git pkgs.web-editor ];",
    "conflicting-packages": "environment.systemPackages = [ pkgs.mail-one pkgs.mail-two ];",
    "missing-import": "imports = [ ./hardware.nix ./othre.nix ];",
    "undefined-variable": "networking.hostName = hostname;",
    "infinite-recursion": 'networking.hostName = config.networking.hostName + "x";',
    "unknown-setting-of-a-unit": 'systemd.services.backup = {\n  script = "x";\n  serviceConfig.Tpye = "oneshot";\n};',
    "thrown": 'networking.hostName = throw "choose a name for the machine";',
    "failed-assertion": 'assertions = [ { assertion = false; message = "This site needs a name."; } ];',
    "impossible-names": 'users.users."al ice".isNormalUser = true;\nfileSystems."srv".device = "/dev/sdb1";',
    "same-number": 'users.users = lib.genAttrs [ "a" "b" ] (_: { isNormalUser = true; uid = 1500; });',
    "endless-recursion": "networking.hostName = let f = n: 1 + f (n + 1); in toString (f 0);",
    "many": """networking.hostNmae = "web";
time.timeZone = 3;
services.nginx.enable = 1;
services.openssh.enable = "yes";
networking.firewall.allowedTCPPorts = [ "http" ];
boot.kernelParams = "quiet";
users.users.alice = { isNormalUser = true; extraGroups = "wheel"; };""",
    "long-line": f"networking = {{ {'/* so much to say */ ' * 14}hostNmae = 1; {'# and more ' * 9}\n}};",
    "several": 'networking.hostNmae = "web";\nservices.nginx.enable = 1;\nenvironment.systemPackages = [ pkgs.gti ];',
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine that has built something: a store, a generation, a lock."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.write("hardware.nix", HARDWARE)
    machine.write("other.nix", '{ networking.hostName = "mail"; }\n')
    write_configuration(machine, 'networking.hostName = "web";')
    done = machine.run("instantiate", "-c", "configuration.nix")
    assert done.code == 0, done.stderr
    profiles = machine.store / "osconf/var/profiles"
    (profiles / "system-1-link").symlink_to(done.stdout.strip())
    (profiles / "system").symlink_to("system-1-link")
    assert (machine.folder / "osconf.lock").is_file()
    return machine


@pytest.fixture(autouse=True)
def good_configuration(machine: Machine) -> None:
    """What a test left is put right before the next one."""
    write_configuration(machine, 'networking.hostName = "web";')


def write_configuration(machine: Machine, lines: str) -> Path:
    """The machine's configuration with some lines."""
    imports = "" if "imports" in lines else "  imports = [ ./hardware.nix ];\n"
    return machine.write(
        "configuration.nix", f"{{ config, lib, pkgs, ... }}:\n{{\n{imports}{textwrap.indent(lines, '  ')}\n}}\n"
    )


def check_refusal(machine: Machine, done: Outcome, golden: str | None, code: int = 1) -> None:
    """The outcome is an explanation for people, and the one that was agreed upon."""
    assert done.code == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= ONE_SCREEN
    if golden is None:
        return
    file = GOLDEN / f"{golden}.txt"
    if os.environ.get("ACCEPT"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(done.stderr, "utf-8")
    assert done.stderr == file.read_text("utf-8")


def refuse(machine: Machine, golden: str | None, *arguments: str | Path, code: int = 1, **environment: str) -> str:
    """Call the program: it must explain itself and change nothing. Returns the explanation."""
    before = machine.manifest()
    done = machine.run(*arguments, **environment)
    check_refusal(machine, done, golden, code)
    assert machine.manifest() == before
    return done.stderr


# -- the configuration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_in_the_configuration(machine: Machine, name: str) -> None:
    write_configuration(machine, MISTAKES[name])
    refuse(machine, name, "build", "-c", "configuration.nix")


def test_missing_root_file_system(machine: Machine) -> None:
    machine.write("no-root.nix", HARDWARE.replace("fileSystems", "# fileSystems"))
    write_configuration(machine, "imports = [ ./no-root.nix ];")
    assert 'fileSystems."/"' in refuse(machine, "missing-root-file-system", "build", "-c", "configuration.nix")


def test_mistakes_at_a_line_come_before_what_is_missing(machine: Machine) -> None:
    machine.write("no-root.nix", HARDWARE.replace("fileSystems", "# fileSystems"))
    lines = 'imports = [ ./no-root.nix ];\nboot.kernelParams = lib.mkIf config.services.ngnix.enable [ "quiet" ];'
    write_configuration(machine, lines)
    text = refuse(machine, "mistake-and-missing-root", "build", "-c", "configuration.nix")
    assert text.startswith("error: attribute 'ngnix' missing")
    assert 'fileSystems."/"' in text


def test_other_commands_explain_the_same(machine: Machine) -> None:
    write_configuration(machine, MISTAKES["unknown-option"])
    for command in ("instantiate", "build-vm", "build-image"):
        refuse(machine, "unknown-option", command, "-c", "configuration.nix")


def test_configuration_of_the_readme(machine: Machine) -> None:
    """What the README promises evaluates."""
    (text,) = [part.partition("```")[0] for part in (ROOT / "README.md").read_text("utf-8").split("```nix\n")[1:]]
    machine.write("readme.nix", text)
    sources = '{ lib, ... }: { osconf.archive.sources = [ { suite = "demo"; trusted = true; } ]; }'
    machine.write("sources.nix", sources)
    machine.write("both.nix", '{ fileSystems."/".fsType = "ext4"; imports = [ ./readme.nix ./sources.nix ]; }')
    done = machine.run("instantiate", "-c", "both.nix")
    assert done.code == 0, done.stderr


# -- the archive -------------------------------------------------------------------------------------------------------


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_mirror_that_is_down(machine: Machine) -> None:
    mirrors = f"debian=http://127.0.0.1:{closed_port()}/debian"
    text = refuse(machine, None, "lock", "update", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors)
    assert "refused" in text and "hint: nothing was changed" in text
    # What is locked and cached needs no mirror.
    before = (machine.folder / "osconf.lock").read_text()
    assert machine.run("instantiate", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors).code == 0
    assert (machine.folder / "osconf.lock").read_text() == before


def test_mirror_without_the_suite(machine: Machine, tmp_path: Path) -> None:
    mirrors = f"debian=file://{tmp_path}"
    text = refuse(machine, None, "lock", "update", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors)
    assert "dists/demo/InRelease: no such file" in text


def test_malformed_mirrors(machine: Machine) -> None:
    refuse(machine, "malformed-mirrors", "build", "-c", "configuration.nix", OSCONF_MIRRORS="debian:/srv/mirror")


def test_tampered_index(machine: Machine, tmp_path: Path) -> None:
    machine.publish(tmp_path, day=8, more=make_stanza("fresh"))
    for index in tmp_path.rglob("by-hash/SHA256/*"):
        index.write_bytes(index.read_bytes()[:-8] + b"tampered")
    mirrors = f"debian=file://{tmp_path}"
    text = refuse(machine, None, "lock", "update", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors)
    assert "wrong content" in text


def test_release_that_goes_back(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    machine.publish(tmp_path, day=1, more=make_stanza("old"))
    release = tmp_path / "dists/demo/InRelease"
    release.write_text(release.read_text().replace("01 Sep 2025", "01 Sep 2024"))
    mirrors = f"debian=file://{tmp_path}"
    refuse(machine, "release-that-goes-back", "lock", "update", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors)


@pytest.mark.skipif(shutil.which("gpgv") is None, reason="gpgv is not installed")
def test_release_without_a_signature(machine: Machine) -> None:
    machine.write("hardware-signed.nix", HARDWARE.replace("trusted = true;", ""))
    write_configuration(machine, 'imports = [ ./hardware-signed.nix ];\nnetworking.hostName = "web";')
    refuse(machine, "release-without-a-signature", "build", "-c", "configuration.nix")


@pytest.mark.archive
@pytest.mark.skipif(shutil.which("gpgv") is None, reason="gpgv is not installed")
def test_tampered_release_of_the_real_archive(machine: Machine, tmp_path: Path) -> None:
    (base, *_) = read_machine_mirrors().resolve("mirror:debian")
    release = Fetcher().read_bytes(f"{base}/dists/trixie/InRelease")
    folder = tmp_path / "dists/trixie"
    folder.mkdir(parents=True)
    (folder / "InRelease").write_bytes(release.replace(b"Acquire-By-Hash: yes", b"Acquire-By-Hash: no"))
    machine.write("hardware-real.nix", HARDWARE.replace('{ suite = "demo"; trusted = true; }', '{ suite = "trixie"; }'))
    write_configuration(machine, 'imports = [ ./hardware-real.nix ];\nnetworking.hostName = "web";')
    mirrors = f"debian=file://{tmp_path}"
    refuse(machine, "tampered-release", "build", "-c", "configuration.nix", OSCONF_MIRRORS=mirrors)


def test_tampered_package(machine: Machine) -> None:
    (machine.mirror / "pool").mkdir(exist_ok=True)
    (machine.mirror / "pool/nano.deb").write_bytes(b"!<arch>\ntampered")
    expression = '(import <osconf/pkgs> { sources = [ { suite = "demo"; trusted = true; } ]; }).nano.contents'
    done = machine.run("build", "--no-link", "-E", expression)
    check_refusal(machine, done, None, code=1)
    assert "wrong content" in done.stderr
    assert machine.run("store", "verify", "--check-contents").code == 0


@pytest.mark.parametrize(
    ("name", "text"), [("empty", ""), ("cut", '{ "version": 1, "sources": {'), ("newer", '{ "version": 99 }')]
)
def test_broken_lock(machine: Machine, name: str, text: str) -> None:
    lock = machine.folder / "osconf.lock"
    good = lock.read_text()
    lock.write_text(text)
    try:
        refuse(machine, f"broken-lock-{name}", "build", "-c", "configuration.nix")
        assert "hint: " in refuse(machine, None, "lock", "update", "-c", "configuration.nix")
    finally:
        lock.write_text(good)


# -- use ---------------------------------------------------------------------------------------------------------------

WRONG_USE = {
    "unknown-command": (2, ["bild"]),
    "unknown-option-of-a-command": (2, ["build", "--no-lnk"]),
    "unknown-command-of-a-group": (2, ["store", "delte"]),
    "missing-argument": (2, ["search"]),
    "wrong-value": (2, ["build-image", "--format", "floppy"]),
    "no-expression": (2, ["eval", "--json"]),
    "missing-file": (1, ["eval", "nothere.nix"]),
    "missing-configuration": (1, ["build", "-c", "nothere.nix"]),
    "missing-attribute": (1, ["build", "-E", "{ hello = 1; }", "-A", "helo"]),
    "not-a-derivation": (1, ["build", "-E", "1 + 1"]),
    "syntax-of-an-expression": (1, ["eval", "-E", "let a = 1 in a"]),
    "type-of-an-expression": (1, ["eval", "-E", '1 + "a"']),
    "unknown-option-path": (1, ["option", "-c", "configuration.nix", "networking.hostNam"]),
    "not-a-store-path": (1, ["store", "references", "nothere"]),
    "unreadable-file-to-add": (1, ["store", "add", "nothere"]),
    "not-the-machine": (1, ["switch", "-c", "configuration.nix"]),
    "no-such-host": (1, ["switch", "--target-host", "-oProxyCommand=x", "-c", "configuration.nix"]),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use(machine: Machine, name: str) -> None:
    code, arguments = WRONG_USE[name]
    refuse(machine, name, *arguments, code=code)


@pytest.mark.skipif(Path("/osconf/current-system").exists(), reason="this machine runs osconf")
@pytest.mark.parametrize("command", ["switch", "boot", "test", "plan", "check"])
def test_machine_without_osconf(machine: Machine, command: str) -> None:
    refuse(machine, "machine-without-osconf", command, "-c", "configuration.nix", OSCONF_STORE="")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not installed")
def test_target_that_does_not_answer(machine: Machine) -> None:
    host = f"127.0.0.1:{closed_port()}"
    for arguments in (["switch", "-c", "configuration.nix"], ["rollback"]):
        text = refuse(machine, None, *arguments, "--target-host", host)
        assert "error: there is no connection to 127.0.0.1" in text


def test_store_that_cannot_be_written(machine: Machine) -> None:
    refuse(machine, "store-that-cannot-be-written", "build", "-c", "configuration.nix", OSCONF_STORE="/proc/nothere")


# -- builds ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def builder(machine: Machine) -> Machine:
    """The machine with a shell for builders."""
    machine.make_environment()
    return machine


def write_recipe(machine: Machine, name: str, script: str) -> Path:
    """A derivation of a shell script."""
    return machine.write(
        f"{name}.nix",
        f"""derivation {{
  name = "{name}";
  system = builtins.currentSystem;
  builder = "/usr/bin/sh";
  args = [ "-c" ''{script}'' ];
  osconfEnvironment = "${{./environment}}";
}}
""",
    )


def test_failing_build(builder: Machine) -> None:
    recipe = write_recipe(builder, "failing", "echo compiling; echo no such header >&2; exit 7")
    profiles = [entry for entry in builder.manifest().items() if "/profiles" in entry[0]]
    done = builder.run("build", "--no-link", recipe)
    done = Outcome(done.code, done.stdout, "".join(done.stderr.partition("error:")[1:]))
    check_refusal(builder, done, None, code=3)
    assert "no such header" in done.stderr and "exit code 7" in done.stderr
    assert [entry for entry in builder.manifest().items() if "/profiles" in entry[0]] == profiles
    assert not list(builder.store.glob("osconf/store/*-failing"))
    assert builder.run("store", "verify", "--check-contents").code == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_interrupted_build(builder: Machine, how: signal.Signals) -> None:
    seconds = f"3.{int(how):03}"
    recipe = write_recipe(builder, f"slow-{how.name}", f"echo begun > $out; sleep {seconds}")
    process = subprocess.Popen(
        builder.command("build", "--no-link", recipe),
        env={**builder.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not list(builder.store.glob(f"osconf/store/.temporary/*/store/*-slow-{how.name}")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate(timeout=30)
    assert b"Traceback" not in errors
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: -15, signal.SIGKILL: -9}[how]
    deadline = time.monotonic() + 2.5
    while processes_with(seconds):
        assert time.monotonic() < deadline, "the builder outlived osconf"
        time.sleep(0.05)
    assert not list(builder.store.glob(f"osconf/store/*-slow-{how.name}"))
    assert builder.run("store", "verify", "--check-contents").code == 0
    done = builder.run("build", "--no-link", recipe)
    assert done.code == 0, done.stderr
    assert Path(f"{builder.store}{done.stdout.strip()}").read_text() == "begun\n"
    assert builder.run("store", "verify", "--check-contents").code == 0


def processes_with(argument: str) -> list[str]:
    """Processes that were given this argument."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if argument.encode() in words:
            found.append(place.parent.name)
    return found


@pytest.mark.skipif(None in (shutil.which("unshare"), shutil.which("mount")), reason="needs unshare and mount")
def test_full_disk(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "large").write_bytes(bytes(12_000_000))
    recipe = machine.write(
        "large.nix",
        f"""derivation {{
  name = "large";
  system = builtins.currentSystem;
  builder = "builtin:fetchurl";
  url = "file://{tmp_path}/large";
  outputHash = builtins.hashFile "sha256" {tmp_path}/large;
  outputHashAlgo = "sha256";
  outputHashMode = "flat";
}}
""",
    )
    osconf = f"{sys.executable} -m osconf.cli"
    script = f"""
        mount -t tmpfs -o size=6M tmpfs {tmp_path}/disk || exit 99
        {osconf} build --no-link {recipe}; echo "code $?"
        {osconf} store verify --check-contents; echo "code $?"
        find {tmp_path}/disk/osconf/store {tmp_path}/disk/osconf/var/profiles; echo "code $?"
        mount -o remount,size=40M {tmp_path}/disk
        {osconf} build --no-link {recipe}; echo "code $?"
    """
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env={**machine.environment, "OSCONF_STORE": f"{tmp_path}/disk", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip(f"no mounts in a namespace of one's own: {done.stderr.strip()}")
    assert f"cannot download file://{tmp_path}/large: No space left on device" in done.stderr
    assert "hint: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    codes = [part[0] for part in done.stdout.split("code ")[1:]]
    _, _, left, built, _ = done.stdout.split("code ")
    assert codes == ["3", "0", "0", "0"], done.stdout + done.stderr
    assert "-large\n" not in left, "an output of a build that failed was left"
    assert "-large\n" in built
