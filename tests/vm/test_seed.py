"""The seed configuration: a Pyramid application as its own user, behind the firewall that osconf rendered."""

from __future__ import annotations

from pathlib import Path

from tests.vm.outside import fetch, receives_data

EXAMPLE = Path(__file__).parents[2] / "examples" / "seed.nix"


def test_application_runs_behind_the_firewall(boot_image) -> None:
    machine = boot_image(EXAMPLE, ports=(8080, 9999))
    web, closed = machine.forwards

    machine.wait_for_running()
    machine.wait_for_unit("myproject.service")
    assert machine.succeed("ls -d /dev/sda1").strip() == "/dev/sda1"

    # pserve answers from outside, as its own user, in its service's own environment.
    assert fetch(web) != ""
    pid = machine.main_pid("myproject.service")
    assert machine.succeed(f"ps -o user= -p {pid}").strip() == "myuser"
    own = machine.succeed(f"readlink /proc/{pid}/ns/mnt").strip()
    assert own != machine.succeed("readlink /proc/1/ns/mnt").strip()
    mounted = machine.succeed(f"grep ' /usr ' /proc/{pid}/mountinfo")
    assert mounted != machine.succeed("grep ' /usr ' /proc/1/mountinfo")

    # A listener on a port that was not opened: there inside, not reachable from outside.
    machine.succeed("systemd-run --unit=listener python3 -c '" + LISTENER + "'")
    machine.wait_until_succeeds('exec 3<>/dev/tcp/127.0.0.1/9999; read -t 5 line <&3; test "$line" = hello')
    assert not receives_data(closed)
    machine.succeed("iptables -w -S | grep -q -- '--dport 8080'")
    machine.succeed("ip6tables -w -S | grep -q -- '--dport 8080'")
    # The same listener through a port opened by hand: it was the firewall that kept it in.
    machine.succeed("iptables -w -I INPUT -p tcp --dport 9999 -j ACCEPT")
    assert receives_data(closed)

    for program in ("wget --version", "git --version", "gpg --version", "tmux -V"):
        machine.succeed(program)


LISTENER = (
    'import socket; s = socket.create_server(("0.0.0.0", 9999));\n'
    'while True:\n c = s.accept()[0]; c.sendall(b"hello\\n"); c.close()'
)
