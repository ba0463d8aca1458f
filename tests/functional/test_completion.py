"""Completion in a shell: commands, and paths of options, without a word of anything else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import pytest

from tests.functional.offline_machine import HARDWARE, Machine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.write("hardware.nix", HARDWARE)
    users = "users.users.alice.isNormalUser = true; users.users.bob.isNormalUser = true;"
    machine.write("configuration.nix", f"{{ imports = [ ./hardware.nix ]; {users} }}\n")
    machine.write("broken.nix", "{ imports = [ ./nowhere.nix ]; }\n")
    return machine


def complete(machine: Machine, line: str) -> list[str]:
    """What is offered at the end of a line; nothing may be printed beside it."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", "import osconf.cli; osconf.cli.main()"],
        env={
            **machine.environment,
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            "_OSCONF_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        cwd=machine.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [item.removeprefix("plain,") for item in done.stdout.splitlines() if item]


def test_commands_and_their_options(machine: Machine) -> None:
    assert complete(machine, "osconf gen") == ["generations"]
    assert "--keep-failed" in complete(machine, "osconf build --keep-")


def test_paths_of_options(machine: Machine) -> None:
    prefix = "osconf option -c configuration.nix"
    assert complete(machine, f"{prefix} networking.hostN") == ["networking.hostName"]
    offered = complete(machine, f"{prefix} users.users.")
    assert {"users.users.alice.", "users.users.bob."} <= set(offered)
    assert complete(machine, f"{prefix} users.users.alice.isN") == ["users.users.alice.isNormalUser"]


def test_single_set_of_options_is_opened(machine: Machine) -> None:
    offered = complete(machine, "osconf option -c configuration.nix services.ngi")
    assert "services.nginx.enable" in offered
    assert all(path.startswith("services.nginx.") for path in offered)


def test_mistakes_are_not_shown(machine: Machine) -> None:
    for configuration in ("broken.nix", "none.nix"):
        assert complete(machine, f"osconf option -c {configuration} networking.hostN") == ["networking.hostName"]
    assert complete(machine, "osconf option -c configuration.nix nothing.like.th") == []


@pytest.mark.slow
def test_completion_is_quick(machine: Machine) -> None:
    complete(machine, "osconf option services.")
    started = time.monotonic()
    complete(machine, "osconf option services.")
    assert time.monotonic() - started < 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_script_for_bash_is_valid(machine: Machine) -> None:
    environment = {
        **machine.environment,
        "_OSCONF_COMPLETE": "bash_source",
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    source = subprocess.run(
        [sys.executable, "-c", "import osconf.cli; osconf.cli.main()"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    subprocess.run(["bash", "-n"], input=source.stdout, text=True, timeout=60, check=True)
    assert "_osconf_completion" in source.stdout
