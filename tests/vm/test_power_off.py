"""The plug is pulled in the middle of work, and the machine comes back: sound, and able to do the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.vm.machine import Machine
from osconf.vm.pytest_plugin import osconf
from tests.vm.outside import SshKey

pytestmark = pytest.mark.slow

CONFIGURATION = """{{ pkgs, ... }}: {{
  imports = [ <osconf/modules/virtualisation/disk-image.nix> ];
  networking.hostName = "plug";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/osconf";
  virtualisation.testShell.enable = true;
  services.openssh.enable = true;
  users.users.root.openssh.authorizedKeys.keys = [ "{key}" ];
  environment.etc.page.text = "{page}";
  system.stateVersion = "0.1";
}}"""

JOBS = """{ turn }:
let
  write = name: inputs: derivation {
    name = "${name}-${turn}";
    system = "x86_64-linux";
    builder = "builtin:write";
    text = builtins.concatStringsSep "\\n" (builtins.genList (n: "${turn} ${builtins.toString n}") 2000 ++ inputs);
  };
in
write "top" (builtins.genList (n: write "part${builtins.toString n}" [ ]) 40)
"""

BUILD = "osconf build /var/tmp/jobs.nix --argstr turn {turn} -o /var/tmp/result-{turn}"
STEP = 'grep -q \'"start","step":"{step}"\' /osconf/var/activation/journal.jsonl'
# What is done before, what goes on when the plug is pulled, and the sign that it is well under way.
MOMENTS = (
    ("true", BUILD, "ls /osconf/store/.temporary | grep -q ."),
    (
        f"{BUILD}; readlink /var/tmp/result-{{turn}} > /var/tmp/top; rm /var/tmp/result-*",
        "osconf gc",
        "! test -e $(cat /var/tmp/top)",
    ),
    ("true", "osconf generations switch-to 1", STEP.format(step="etc")),
    ("true", "osconf generations switch-to 2", STEP.format(step="generation")),
    (BUILD, "osconf copy --to file:///var/tmp/cache /var/tmp/result-{turn}", "ls /var/tmp/cache/nar/*.zst"),
    ("true", f"{BUILD}; osconf store optimise; osconf gc", "test -e /var/tmp/result-{turn}"),
)


def test_a_machine_survives_power_offs(
    boot_image, vm_lock: Path, ssh_key: SshKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = vm_lock / "plug-first.nix", vm_lock / "plug-second.nix"
    first.write_text(CONFIGURATION.format(key=ssh_key.public, page="first"))
    second.write_text(CONFIGURATION.format(key=ssh_key.public, page="second"))
    machine: Machine = boot_image(first, ports=(22,), safe=True)
    (port,) = machine.forwards
    monkeypatch.setenv("OSCONF_SSHOPTS", " ".join(ssh_key.options))
    machine.wait_for_running()
    osconf("switch", "-c", str(second), "--target-host", f"root@127.0.0.1:{port}")
    machine.write_file("/var/tmp/jobs.nix", JOBS)
    machine.succeed("sync")

    for turn, moment in enumerate(MOMENTS):
        before, command, sign = (text.replace("{turn}", str(turn)) for text in moment)
        machine.succeed(before, "rm -f /osconf/var/activation/journal.jsonl", timeout=300)
        machine.succeed(
            f"( {command} ) > /var/tmp/log 2>&1 < /dev/null & until {sign} 2> /dev/null; do sleep 0.05; done",
            timeout=300,
        )
        machine.kill()
        machine.start()
        machine.wait_for_shell(timeout=600)
        machine.wait_for_running(timeout=600)
        page = machine.succeed("cat /etc/page")
        assert page in ("first", "second")
        # What runs is a generation, and what boots next is a whole one.
        machine.succeed('grep -qxF "$(readlink /run/current-system)" <(readlink /osconf/var/profiles/system-*-link)')
        machine.succeed("test -x /osconf/var/profiles/system/bin/switch-to-configuration")
        machine.succeed("osconf store verify", timeout=300)
        # Leftovers go, and the same work can be done again.
        machine.succeed(BUILD.format(turn=turn), "osconf gc", timeout=300)
        left = machine.succeed(
            "ls -A /osconf/store/.temporary /osconf/store/.trash /osconf/var/locks | grep -v ':$' || true"
        )
        assert left.strip() == "", left
        assert "not registered" not in machine.succeed("osconf store verify", timeout=300)
    machine.succeed("osconf store verify --check-contents", timeout=1200)
    machine.succeed("osconf generations switch-to 1", timeout=300)
    assert machine.succeed("cat /etc/page") == "first"
