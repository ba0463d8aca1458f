"""Ordinary users of a running system build, keep and install through the daemon that systemd starts for them."""

from __future__ import annotations

import pytest

CONFIGURATION = """{ pkgs, ... }: {
  networking.hostName = "shared";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  users.users.alice.isNormalUser = true;
  users.users.bob.isNormalUser = true;
  osconf.settings.allowed-users = [ "alice" "bob" ];
  system.stateVersion = "0.1";
}"""

RECIPE = (
    'derivation { name = "%s"; system = builtins.currentSystem; builder = "/usr/bin/sh"; args = [ "-c" "%s" ];'
    ' osconfEnvironment = builtins.storePath "%s"; }'
)


@pytest.mark.slow
def test_users_share_the_store(boot_vm) -> None:
    machine = boot_vm(CONFIGURATION)
    machine.wait_for_running()
    environment = machine.succeed("readlink -f /run/current-system/environment").strip()

    def build(user: str, name: str, script: str, *, link: str = "result") -> str:
        recipe = RECIPE % (name, script, environment)
        machine.succeed(f"cat > /tmp/{user}.nix <<'EOF'\n{recipe}\nEOF")
        return f"su - {user} -c 'osconf -q build -o {link} /tmp/{user}.nix'"

    # Nobody needed the daemon yet; the first user starts it.
    assert machine.succeed("systemctl is-active osconf-daemon.socket").strip() == "active"
    machine.fail("systemctl is-active osconf-daemon.service")
    path = machine.succeed(build("alice", "mine", "echo done > $out")).strip()
    assert machine.succeed(f"cat {path}").strip() == "done"
    assert machine.succeed("stat -c %U /home/alice/result").strip() == "alice"
    assert machine.succeed(f"stat -c %U:%a {path}").strip() == "root:444"
    machine.succeed("systemctl is-active osconf-daemon.service")

    # Both at once, one build.
    both = [build(user, "both", "sleep 3; echo both > $out") for user in ("alice", "bob")]
    machine.succeed(f"({both[0]}) & first=$!; ({both[1]}) && wait $first")
    links = [machine.succeed(f"readlink /home/{user}/result").strip() for user in ("alice", "bob")]
    assert links[0] == links[1]

    # The store is not theirs.
    for attempt in (f"rm -f {path}", "touch /osconf/store/new", f"osconf store delete {path}", "osconf store optimise"):
        machine.fail(f"su - alice -c '{attempt}'")
    machine.fail("su - nobody -s /bin/sh -c 'osconf store roots'")
    assert machine.succeed("stat -c %U:%a /osconf/var/profiles/per-user/alice").strip() == "alice:755"

    # What links lead to stays, the rest may go.
    machine.succeed("su - bob -c 'osconf gc'")
    machine.succeed("cat /home/alice/result")
    machine.fail(f"test -e {path}")

    # A daemon that dies takes the build with it; the next one builds again.
    slow = build("alice", "slow", "echo half > $out; sleep 15; echo whole > $out")
    machine.succeed(f"({slow}) > /tmp/slow.log 2>&1 & echo $! > /tmp/slow.pid")
    machine.wait_until_succeeds("pgrep -f 'sleep 15'")
    machine.succeed("systemctl kill --kill-whom=all -s KILL osconf-daemon.service")
    machine.wait_until_succeeds("grep -q 'ended in the middle' /tmp/slow.log")
    machine.wait_until_fails("pgrep -f 'sleep 15'")
    machine.succeed(slow)
    assert machine.succeed("cat /home/alice/result").strip() == "whole"
    machine.succeed("osconf store verify --check-contents")
