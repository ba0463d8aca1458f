"""Firewall rules that come with a closure: replaced in one transaction per family, osconf's own chains only."""

from __future__ import annotations

from collections.abc import Mapping

from osconf.host.protocol import Host

_COMMANDS = {
    "ipv4": ("/usr/sbin/iptables-restore", "--wait=10", "--noflush"),
    "ipv6": ("/usr/sbin/ip6tables-restore", "--wait=10", "--noflush"),
    "nft": ("/usr/sbin/nft", "-f"),
}


def apply_firewall(host: Host, rules: Mapping[str, str]) -> None:
    """Load each rules file; raises `ProgramFailed` when one is refused (the old rules then stay)."""
    for family, command in _COMMANDS.items():
        if family in rules:
            host.run([*command, rules[family]])
