"""An environment of a small server, made of real packages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from osconf.model.nar import hash_path
from tests.functional.archive_environment import BuiltEnvironment, RealPackages

pytestmark = pytest.mark.archive

PACKAGES = (
    "systemd",
    "udev",
    "openssh-server",
    "sudo",
    "dbus",
    "libnss-systemd",
    "libpam-systemd",
    "php-fpm",
    "redis-server",
    "vim",
    "less",
    "apt",
    "python3",
    "ca-certificates",
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> RealPackages:
    return RealPackages(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def server(packages: RealPackages) -> Iterator[BuiltEnvironment]:
    environment = packages.build("server", PACKAGES, kind="system")
    yield environment
    assert environment.find_changed_files() == []


def read(environment: BuiltEnvironment, path: str) -> str:
    return (environment.root / path).read_text()


def test_every_effect_of_the_scripts_is_known(server: BuiltEnvironment) -> None:
    assert server.warnings == []


def test_the_same_packages_give_the_same_bytes(packages: RealPackages, server: BuiltEnvironment) -> None:
    again = packages.build("again", PACKAGES, kind="system")
    assert hash_path(again.root) == hash_path(server.root)


def test_privileged_programs_are_wrappers(server: BuiltEnvironment) -> None:
    wrappers = {item["name"]: item for item in json.loads(read(server, "environment.json"))["wrappers"]}
    assert {"sudo", "su", "unix_chkpwd", "dbus-daemon-launch-helper", "ssh-agent"} <= wrappers.keys()
    assert wrappers["sudo"]["mode"] == "4755"
    assert (server.root / "usr/bin/sudo").readlink() == Path("/run/wrappers/bin/sudo")
    assert not [path for path in server.root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o6000]


def test_alternatives_are_links(server: BuiltEnvironment) -> None:
    assert (server.root / "usr/bin/editor").readlink() == Path("vim.basic")
    assert (server.root / "usr/bin/pager").readlink() == Path("less")


def test_files_that_scripts_make_are_there(server: BuiltEnvironment) -> None:
    for path in ("etc/ssh/sshd_config", "etc/profile", "etc/nsswitch.conf", "etc/shells", "etc/pam.d/common-auth"):
        assert read(server, path)
    assert "systemd" in read(server, "etc/nsswitch.conf")
    assert "pam_systemd.so" in read(server, "etc/pam.d/common-session")
    assert (server.root / "usr/lib/udev/hwdb.bin").is_file()
    assert list((server.root / "etc/php").glob("*/fpm/conf.d/*-opcache.ini"))


def test_secrets_and_accounts_are_not(server: BuiltEnvironment) -> None:
    for path in ("passwd", "shadow", "group", "machine-id", "hostname", "ssh/ssh_host_ed25519_key"):
        assert not (server.root / "etc" / path).exists()


def test_users_and_state_are_declared(server: BuiltEnvironment) -> None:
    assert "\nu redis " in read(server, "usr/lib/sysusers.d/osconf-packages.conf")
    assert "d /var/lib/redis " in read(server, "usr/lib/tmpfiles.d/osconf-packages.conf")


def test_dpkg_knows_the_packages(server: BuiltEnvironment, tmp_path: Path) -> None:
    database = "/usr/lib/osconf/dpkg"
    listed = server.run("dpkg-query", f"--admindir={database}", "-W", "-f", "${Package}\n", directory=tmp_path)
    assert set(listed.output.split()) == {package.name for package in server.packages}
    owner = server.run("dpkg-query", f"--admindir={database}", "-S", "/usr/bin/vim.basic", directory=tmp_path)
    assert owner.output == "vim: /usr/bin/vim.basic"


def test_apt_explains_itself(server: BuiltEnvironment, tmp_path: Path) -> None:
    ran = server.run("apt", "install", "htop", directory=tmp_path)
    assert ran.exit_code == 1
    assert "environment.systemPackages" in ran.output
    assert server.run("apt-get", "--version", directory=tmp_path).exit_code == 0
