"""New versions of libraries: what uses them restarts, what does not keeps its process, and the way back.

First one library, then the base of everything, the C library and Python, which the activator itself runs on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import osconf
from tests.vm.debs import rebuild_packages
from tests.vm.outside import SshKey, fetch

LIBRARY = "libssl3t64"
PYTHON = ("python3.13", "python3.13-minimal", "libpython3.13-stdlib", "libpython3.13-minimal")

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
  # Linked statically and run in the system's environment: nothing of it comes from the libraries.
  systemd.services.steady = {
    wantedBy = [ "multi-user.target" ];
    usr = "system";
    serviceConfig.ExecStart = "${pkgs.busybox-static}/bin/busybox sleep 1000000";
  };
  system.stateVersion = "0.1";
}"""

UNITS = ("nginx", "ssh", "steady", "dbus")


def installed_version(machine: Machine, package: str) -> str:
    """What the machine's dpkg database says."""
    return machine.succeed(f"dpkg-query -W -f '${{Version}}' {package}").strip()


def test_services_restart_exactly_when_their_libraries_change(
    boot_image, vm_lock: Path, tmp_path: Path, ssh_key: SshKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f'users.users.root.openssh.authorizedKeys.keys = [ "{ssh_key.public}" ];'
    (vm_lock / "library-base.nix").write_text(BASE)
    first, second, third = (vm_lock / f"library-{name}.nix" for name in ("first", "second", "third"))
    first.write_text(f"{{ imports = [ ./library-base.nix ]; {key} }}")
    machine: Machine = boot_image(first, ports=(22, 80))
    ssh, web = machine.forwards
    lock = vm_lock / "osconf.lock"
    library = rebuild_packages([LIBRARY], lock, tmp_path / "library", changes="usr/lib/*/libssl.so.3")
    base = rebuild_packages(["libc6", *PYTHON], lock, tmp_path / "base", changes="usr/lib/*/libc.so.6")
    second.write_text(f"{{ imports = [ ./library-base.nix ]; {key} {library} }}")
    third.write_text(f"{{ imports = [ ./library-base.nix ]; {key} {base} }}")
    monkeypatch.setenv("OSCONF_SSHOPTS", " ".join(ssh_key.options))
    target = f"root@127.0.0.1:{ssh}"

    machine.wait_for_running()
    before = {unit: machine.main_pid(f"{unit}.service") for unit in UNITS}
    old_version = installed_version(machine, LIBRARY)

    osconf("switch", "-c", str(second), "--target-host", target)
    assert installed_version(machine, LIBRARY) == old_version + "+local1"
    after = {unit: machine.main_pid(f"{unit}.service") for unit in UNITS}
    assert after["nginx"] != before["nginx"]
    assert after["ssh"] != before["ssh"]
    assert after["steady"] == before["steady"]
    assert after["dbus"] == before["dbus"]
    machine.succeed("grep -q rebuilt /usr/lib/x86_64-linux-gnu/libssl.so.3")
    assert "the page" in fetch(web)
    assert ssh_key.run(ssh, "id -un") == "root"

    osconf("rollback", "--target-host", target)
    assert installed_version(machine, LIBRARY) == old_version
    assert machine.main_pid("steady.service") == before["steady"]
    assert "the page" in fetch(web)

    # The C library and Python under the feet of everything, the activator too.
    osconf("switch", "-c", str(third), "--target-host", target)
    machine.succeed("grep -q rebuilt /usr/lib/x86_64-linux-gnu/libc.so.6")
    assert installed_version(machine, "python3.13").endswith("+local1")
    assert machine.succeed("systemctl --failed --no-legend").strip() == ""
    assert "the page" in fetch(web)
    machine.succeed("osconf eval -E '1 + 1' && osconf status", timeout=300)

    machine.succeed("osconf rollback", timeout=300)
    assert not installed_version(machine, "python3.13").endswith("+local1")
    machine.fail("grep -q rebuilt /usr/lib/x86_64-linux-gnu/libc.so.6")
    assert ssh_key.run(ssh, "id -un") == "root"
