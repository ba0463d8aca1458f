"""`osconf switch` on the machine itself: evaluated and built there, new packages from its mirror."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import download_cache, osconf
from tests.vm.outside import fetch

# What QEMU's user network calls the machine it runs on.
HOST = "10.0.2.2"

CONFIGURATION = """{ pkgs, ... }: {
  imports = [ <osconf/modules/virtualisation/disk-image.nix> ];
  networking.hostName = "inside";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/osconf";
  virtualisation.testShell.enable = true;
  services.nginx.enable = true;
  services.nginx.virtualHosts.localhost = {
    default = true;
    root = pkgs.writeTextDir "index.html" "%s";
  };
  networking.firewall.allowedTCPPorts = [ 80 ];
  environment.systemPackages = [ %s ];
  system.stateVersion = "0.1";
}"""


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves the .debs that a lock names, out of the download cache."""

    files: ClassVar[dict[str, Path]] = {}
    served: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        name = self.path.partition("/")[2].partition("/")[2]
        file = self.files.get(name)
        if file is None:
            self.send_error(404)
            return
        self.served.append(name)
        data = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror() -> Iterator[int]:
    """A mirror on the loopback interface; gives its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()


def test_the_machine_builds_its_next_generation(boot_image, vm_lock: Path, mirror: int) -> None:
    first, second = vm_lock / "inside-first.nix", vm_lock / "inside-second.nix"
    first.write_text(CONFIGURATION % ("first page", ""))
    second.write_text(CONFIGURATION % ("second page", "pkgs.tree"))
    machine: Machine = boot_image(first, ports=(80,))
    (web,) = machine.forwards
    # The host evaluates the second one too, so that its lock and its cache know the packages.
    expected = osconf("instantiate", "-c", str(second))
    osconf("build", "--no-link", "-c", str(second))
    lock = json.loads((vm_lock / "osconf.lock").read_text())
    for group in lock["packages"].values():
        for record in group.values():
            blob = download_cache() / "blobs" / record["sha256"][:2] / record["sha256"]
            if blob.exists():
                Mirror.files[record["filename"]] = blob

    machine.wait_for_running()
    assert "first page" in fetch(web)
    machine.fail("command -v tree")
    # The machine starts with the text and the lock that it was made from.
    assert machine.succeed("cat /etc/osconf/configuration.nix") == first.read_text()
    machine.write_file("/etc/osconf/configuration.nix", second.read_text())
    machine.write_file("/etc/osconf/mirrors", f"debian=http://{HOST}:{mirror}/debian\n")

    # A mistake first: one screen, the line, nothing changed.
    machine.write_file("/etc/osconf/broken.nix", '{ networking.hostNam = "x"; }')
    message = machine.fail("osconf switch -c /etc/osconf/broken.nix 2>&1", timeout=600)
    assert "networking.hostName" in message and "Traceback" not in message

    # The same text gives the same system, wherever it is evaluated.
    assert machine.succeed("osconf instantiate 2>/dev/null", timeout=600).strip() == expected
    machine.succeed("osconf switch > /tmp/switch.log 2>&1 || { cat /tmp/switch.log; exit 1; }", timeout=900)
    assert "second page" in fetch(web)
    machine.succeed("command -v tree")
    assert any("/tree_" in name for name in Mirror.served)
    assert "2" in machine.succeed("readlink /osconf/var/profiles/system")
    machine.succeed("osconf store verify", timeout=600)
    machine.succeed("osconf option networking.firewall.allowedTCPPorts | grep -q /etc/osconf/configuration.nix")

    machine.succeed("osconf rollback", timeout=300)
    assert "first page" in fetch(web)
    machine.fail("command -v tree")
