"""A switch on a running machine, sent from the host: what changes, what keeps running, and the way back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import osconf
from tests.vm.outside import SshKey, fetch, receives_data

LISTENER = (
    'import socket; s = socket.create_server(("0.0.0.0", 9999))\n'
    'while True:\n c = s.accept()[0]; c.sendall(b"hello\\n"); c.close()'
)


def configuration(key: str, *, page: str, ports: str = "80", extra: str = "", goner: bool = True) -> str:
    """A machine with a web page, two services that do nothing and what a test adds."""
    service = (
        'systemd.services.goner = { wantedBy = [ "multi-user.target" ]; '
        'serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity"; };'
    )
    return f"""{{ pkgs, ... }}: {{
      imports = [ ./base.nix ];
      users.users.root.openssh.authorizedKeys.keys = [ "{key}" ];
      services.nginx.virtualHosts.localhost = {{
        default = true;
        root = pkgs.writeTextDir "index.html" "{page}";
      }};
      networking.firewall.allowedTCPPorts = [ {ports} ];
      {service if goner else ""}
      {extra}
    }}"""


IDENTITY = "cat /etc/machine-id; cat /etc/ssh/ssh_host_*_key.pub"

BASE = """{ pkgs, ... }: {
  imports = [ <osconf/modules/virtualisation/disk-image.nix> ];
  networking.hostName = "box";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/osconf";
  virtualisation.testShell.enable = true;
  services.openssh.enable = true;
  services.nginx.enable = true;
  systemd.services.steady = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
  };
  system.stateVersion = "0.1";
}"""

SECOND = """
      environment.systemPackages = [ pkgs.tree ];
      systemd.services.newcomer = {
        wantedBy = [ "multi-user.target" ];
        serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
      };
"""


class Prober(threading.Thread):
    """Knocks at a closed port all the time and remembers whether it ever got in."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.attempts = 0
        self.got_in = False
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            self.got_in |= receives_data(self.port, timeout=0.5)
            self.attempts += 1


@pytest.fixture
def folder(tmp_path: Path, vm_lock: Path) -> Path:
    """Where this test's configurations are; the lock is the one of the run."""
    (vm_lock / "base.nix").write_text(BASE)
    return vm_lock


def test_switch_and_back(boot_image, folder: Path, ssh_key: SshKey, monkeypatch: pytest.MonkeyPatch) -> None:
    first = folder / "switch-first.nix"
    second = folder / "switch-second.nix"
    first.write_text(configuration(ssh_key.public, page="first page"))
    second.write_text(configuration(ssh_key.public, page="second page", ports="80 8081", extra=SECOND, goner=False))

    machine: Machine = boot_image(first, ports=(22, 80, 9999))
    ssh, web, closed = machine.forwards
    monkeypatch.setenv("OSCONF_SSHOPTS", " ".join(ssh_key.options))
    target = f"root@127.0.0.1:{ssh}"

    machine.wait_for_running()
    assert "first page" in fetch(web)
    machine.succeed(f"systemd-run --unit=listener python3 -c '{LISTENER}'")
    machine.wait_until_succeeds("exec 3<>/dev/tcp/127.0.0.1/9999")
    before = {unit: machine.main_pid(f"{unit}.service") for unit in ("steady", "ssh", "systemd-journald", "goner")}
    assert all(before.values())
    machine.fail("iptables -S | grep -- '--dport 8081'")
    machine.fail("command -v tree")

    # What would be done, said beforehand, changes nothing.
    plan = osconf("plan", "-c", str(second), "--target-host", target)
    assert "goner.service" in plan and "newcomer.service" in plan
    assert machine.main_pid("goner.service") == before["goner"]

    prober = Prober(closed)
    prober.start()
    time.sleep(1)
    osconf("switch", "-c", str(second), "--target-host", target)
    time.sleep(1)
    prober.done.set()
    prober.join()
    assert prober.attempts > 2
    assert not prober.got_in

    machine.wait_for_running()
    assert "second page" in fetch(web)
    for unit in ("steady", "ssh", "systemd-journald"):
        assert machine.main_pid(f"{unit}.service") == before[unit], unit
    machine.fail("systemctl is-active goner.service")
    machine.wait_for_unit("newcomer.service")
    machine.succeed("command -v tree")
    machine.succeed("iptables -S | grep -- '--dport 8081'")
    assert "2" in machine.succeed("readlink /osconf/var/profiles/system")

    # Back, with nothing but what is on the machine.
    osconf("rollback", "--target-host", target)
    assert "first page" in fetch(web)
    assert machine.main_pid("steady.service") == before["steady"]
    machine.wait_for_unit("goner.service")
    machine.fail("systemctl is-active newcomer.service")
    machine.fail("command -v tree")
    machine.fail("iptables -S | grep -- '--dport 8081'")

    # Forward again; a reboot starts the default generation, and the menu has the older one.
    machine.succeed("osconf generations switch-to 2", timeout=300)
    identity = machine.succeed(IDENTITY)
    machine.succeed("touch /var/log/kept /home/kept; journalctl --flush")
    machine.reboot()
    machine.wait_for_running()
    # Who the machine is, and what it wrote down, outlives a boot.
    assert machine.succeed(IDENTITY) == identity
    machine.succeed("ls /var/log/kept /home/kept")
    assert int(machine.succeed("journalctl --list-boots --no-pager -q | wc -l")) == 2
    assert "second page" in fetch(web)
    machine.succeed('readlink /run/booted-system | grep -qxF "$(readlink /osconf/var/profiles/system-2-link)"')

    machine.succeed("sync")
    machine.skip_console()
    machine.execute("systemctl reboot &")
    machine.wait_for_console_text("GNU GRUB")
    # The entry below the default, in the menu as a person sees it.
    machine.send_console("\x1b[B")
    machine.send_console("\r")
    machine.wait_for_shell()
    machine.wait_for_running()
    assert "first page" in fetch(web)
    assert "2" in machine.succeed("readlink /osconf/var/profiles/system")
