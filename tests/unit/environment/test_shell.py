"""Planning a shell: what of the host stays, what the environment replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.environment.shell import ShellRequest, default_command, plan_shell, shell_variables


def make_files(root: Path, *paths: str) -> Path:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    return root


@pytest.fixture
def host(tmp_path: Path) -> Path:
    root = make_files(
        tmp_path / "host",
        "usr/bin/host",
        "home/x",
        "run/x",
        "etc/passwd",
        "etc/hosts",
        "etc/fonts/x",
        "etc/motd",
        "dev/x",
    )
    (root / "bin").symlink_to("usr/bin")
    (root / "data").symlink_to("home")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    return make_files(tmp_path / "environment", "usr/bin/bash", "etc/fonts/y", "etc/hosts", "etc/java/x")


def targets(host: Path, environment: Path, *, pure: bool = False) -> dict[str, str]:
    """Target -> where its bind comes from: host or environment."""
    request = ShellRequest(environment, ("git",), {}, Path("/home"), host=host, pure=pure)
    spec = plan_shell(request, uid=1000, gid=100)
    return {bind.target: Path(bind.source).relative_to(host.parent).parts[0] for bind in spec.binds}


def test_usr_is_the_environments_and_the_rest_the_hosts(host: Path, environment: Path) -> None:
    found = targets(host, environment)
    assert found["/usr"] == "environment"
    assert found["/home"] == found["/run"] == found["/dev"] == "host"
    assert "/bin" not in found


def test_etc_is_merged_and_identity_stays_the_hosts(host: Path, environment: Path) -> None:
    found = targets(host, environment)
    assert found["/etc/passwd"] == found["/etc/hosts"] == found["/etc/motd"] == "host"
    assert found["/etc/fonts"] == found["/etc/java"] == "environment"


def test_a_pure_shell_has_no_other_files_of_the_host_in_etc(host: Path, environment: Path) -> None:
    found = targets(host, environment, pure=True)
    assert "/etc/motd" not in found
    assert found["/etc/passwd"] == "host"


def test_links_of_the_root_stay_links(host: Path, environment: Path) -> None:
    spec = plan_shell(ShellRequest(environment, ("git",), {}, Path("/"), host=host), uid=0, gid=0)
    assert ("home", "/data") in spec.symlinks
    assert ("usr/bin", "/bin") in spec.symlinks


def test_the_store_is_shown_at_its_logical_place(host: Path, environment: Path) -> None:
    store = (host.parent / "elsewhere/osconf/store", "/osconf/store")
    spec = plan_shell(ShellRequest(environment, ("git",), {}, Path("/"), store=store, host=host), uid=0, gid=0)
    assert [bind.source for bind in spec.binds if bind.target == "/osconf/store"] == [store[0]]


def test_variables_that_lead_into_the_hosts_usr_are_dropped() -> None:
    kept = shell_variables({"PATH": "/x", "HOME": "/home/x", "PYTHONPATH": "/usr/lib/x", "EDITOR": "vi"})
    assert "PYTHONPATH" not in kept
    assert kept["EDITOR"] == "vi"
    assert kept["PATH"].endswith("/usr/games")
    assert "EDITOR" not in shell_variables({"EDITOR": "vi", "HOME": "/home/x"}, pure=True)


def test_the_default_command_is_a_shell_of_the_environment(environment: Path) -> None:
    assert default_command(environment)[0] == "/usr/bin/bash"
    assert default_command(environment / "etc")[0] == "/usr/bin/sh"
