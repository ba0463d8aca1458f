"""`make vm`: the example boots to a login prompt, serves its page, lets its key in, and has no failed unit."""

from __future__ import annotations

from pathlib import Path

from tests.vm.outside import SshKey, fetch

EXAMPLE = Path(__file__).parents[2] / "examples" / "webserver.nix"


def test_example_boots_and_serves(boot_vm, ssh_key: SshKey) -> None:
    module = f"""{{
      imports = [ {EXAMPLE} ];
      users.users.root.openssh.authorizedKeys.keys = [ "{ssh_key.public}" ];
    }}"""
    machine = boot_vm(module, ports=(80, 22))
    http, ssh = machine.forwards

    machine.wait_for_running()
    assert "osconf" in fetch(http)
    assert ssh_key.run(ssh, "id -un") == "root"
    machine.wait_for_console_text(r"login: ")
    assert machine.succeed("systemctl --failed --no-legend").strip() == ""

    # What the packages are is Debian's own record, so scanners and people find it where they look.
    assert "install ok installed" in machine.succeed("dpkg-query -W -f '${Status}' nginx || dpkg -s bash | grep Status")
    # A library tree that nothing can write to, and that no other generation shows through.
    machine.fail("touch /usr/bin/new")
    assert " ro," in machine.succeed("findmnt -n -o OPTIONS /usr | sed 's/^/ /; s/$/,/'")

    # First login: root is locked, the user that the example declares gets in at the console.
    assert machine.succeed("passwd -S root").split()[1] == "L"
    machine.send_console("alice\n")
    machine.wait_for_console_text("Password: ")
    machine.send_console("change me\n")
    machine.wait_for_console_text(r"alice@webserver")

    # The habit of another system is answered with what to write instead.
    answer = machine.fail("apt install cowsay 2>&1")
    assert "environment.systemPackages" in answer and "cowsay" in answer

    # Turning it off leaves nothing behind that the next boot has to repair.
    machine.shutdown()
