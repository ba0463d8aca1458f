"""A new version of one library: what uses it restarts, what does not keeps its process, and the way back.

The library is a locally rebuilt .deb with a higher version, served from a folder as one more source.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osconf.host.process import run_program
from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import download_cache, osconf
from tests.vm.outside import SshKey, fetch

LIBRARY = "libssl3t64"

BASE = """{ pkgs, ... }: {
  imports = [ <osconf/modules/virtualisation/disk-image.nix> ];
  networking.hostName = "box";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/osconf";
  virtualisation.testShell.enable = true;
  services.openssh.enable = true;
  services.nginx.enable = true;
  services.nginx.virtualHosts.localhost = {
    default = true;
    root = pkgs.writeTextDir "index.html" "the page";
  };
  networking.firewall.allowedTCPPorts = [ 80 ];
  # Linked statically and run in the system's environment: nothing of it comes from the library.
  systemd.services.steady = {
    wantedBy = [ "multi-user.target" ];
    usr = "system";
    serviceConfig.ExecStart = "${pkgs.busybox-static}/bin/busybox sleep 1000000";
  };
  system.stateVersion = "0.1";
}"""

SOURCES = """
  osconf.archive.sources = [
    { suite = "trixie"; }
    { suite = "trixie-updates"; }
    { suite = "trixie-security"; }
    { directory = "%s"; }
  ];
"""


def rebuild_library(lock: Path, folder: Path) -> str:
    """Repack the library's .deb under a higher version; gives that version."""
    records = [group[LIBRARY] for group in json.loads(lock.read_text())["packages"].values() if LIBRARY in group]
    deb = download_cache() / "blobs" / records[0]["sha256"][:2] / records[0]["sha256"]
    tree = folder / "tree"
    run_program(["dpkg-deb", "-R", str(deb), str(tree)])
    version = records[0]["version"] + "+local1"
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {records[0]['version']}", f"Version: {version}"))
    # Other bytes, as a rebuilt library has: the notes of an ELF file are not read by anybody.
    for file in tree.rglob("lib*.so.3"):
        file.write_bytes(file.read_bytes() + b"rebuilt")
    served = folder / "served"
    served.mkdir()
    run_program(["dpkg-deb", "-b", "-Znone", str(tree), str(served / f"{LIBRARY}_local.deb")])
    return version


def test_services_restart_exactly_when_their_library_changes(
    boot_image, vm_lock: Path, tmp_path: Path, ssh_key: SshKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f'users.users.root.openssh.authorizedKeys.keys = [ "{ssh_key.public}" ];'
    (vm_lock / "library-base.nix").write_text(BASE)
    first, second = vm_lock / "library-first.nix", vm_lock / "library-second.nix"
    first.write_text(f"{{ imports = [ ./library-base.nix ]; {key} }}")
    machine: Machine = boot_image(first, ports=(22, 80))
    ssh, web = machine.forwards
    version = rebuild_library(vm_lock / "osconf.lock", tmp_path)
    second.write_text(f"{{ imports = [ ./library-base.nix ]; {key} {SOURCES % (tmp_path / 'served')} }}")
    monkeypatch.setenv("OSCONF_SSHOPTS", " ".join(ssh_key.options))
    target = f"root@127.0.0.1:{ssh}"

    machine.wait_for_running()
    units = ("nginx", "ssh", "steady", "dbus")
    before = {unit: machine.main_pid(f"{unit}.service") for unit in units}
    old_version = machine.succeed(f"dpkg-query -W -f '${{Version}}' {LIBRARY}").strip()

    osconf("switch", "-c", str(second), "--target-host", target)

    assert machine.succeed(f"dpkg-query -W -f '${{Version}}' {LIBRARY}").strip() == version
    after = {unit: machine.main_pid(f"{unit}.service") for unit in units}
    assert after["nginx"] != before["nginx"]
    assert after["ssh"] != before["ssh"]
    assert after["steady"] == before["steady"]
    assert after["dbus"] == before["dbus"]
    machine.succeed("grep -q rebuilt /usr/lib/x86_64-linux-gnu/libssl.so.3")
    assert "the page" in fetch(web)
    assert ssh_key.run(ssh, "id -un") == "root"

    osconf("rollback", "--target-host", target)
    assert machine.succeed(f"dpkg-query -W -f '${{Version}}' {LIBRARY}").strip() == old_version
    assert machine.main_pid("steady.service") == before["steady"]
    assert "the page" in fetch(web)
