"""What the recorder's log means."""

from __future__ import annotations

import pytest

from osconf.environment.facts import Alternative, Facts, User, apply_mode, parse_log


def facts_of(*lines: str) -> Facts:
    facts = Facts()
    parse_log("\n".join(line.replace(" ", "\t") for line in lines), facts)
    return facts


def test_alternatives_with_slaves() -> None:
    line = (
        "update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/bin/nawk nawk /usr/bin/m"
    )
    assert facts_of(line).alternatives == [
        Alternative("awk", "/usr/bin/awk", "/usr/bin/mawk", 5, (("/usr/bin/nawk", "nawk", "/usr/bin/m"),))
    ]


@pytest.mark.parametrize("line", ["update-alternatives --auto awk", "update-alternatives --install /usr/bin/awk awk"])
def test_other_calls_of_update_alternatives_offer_nothing(line: str) -> None:
    assert facts_of(line).alternatives == []


def test_adduser_without_group_shares_nogroup() -> None:
    facts = facts_of("adduser --system --home /var/lib/x --no-create-home x")
    assert facts.users["x"] == User("x", group="nogroup", home="/var/lib/x")


def test_adduser_with_a_group_of_its_own() -> None:
    assert facts_of("adduser --system --group --shell /bin/bash x").users["x"] == User("x", shell="/bin/bash")


def test_useradd_options() -> None:
    facts = facts_of("useradd -r -u 113 -g proxy -d /var/spool/x -s /bin/false x")
    assert facts.users["x"] == User("x", uid="113", group="proxy", home="/var/spool/x", shell="/bin/false")


def test_groups_and_memberships() -> None:
    facts = facts_of("addgroup --system docker", "groupadd -r -g 12 man", "adduser a video", "usermod -aG kvm,disk b")
    assert facts.groups == {"docker": "-", "man": "12"}
    assert facts.memberships == [("a", "video"), ("b", "kvm"), ("b", "disk")]


def test_owners_and_modes() -> None:
    facts = facts_of("chown -R x:adm /var/log/x", "chgrp mail /var/mail", "chmod 2755 /usr/bin/x", "chown y /var/log/x")
    assert facts.owners == {"/var/log/x": ("y", "adm"), "/var/mail": ("root", "mail")}
    assert facts.modes == {"/usr/bin/x": "2755"}


def test_statoverride_and_capabilities() -> None:
    facts = facts_of(
        "dpkg-statoverride --update --add root postdrop 02555 /usr/sbin/postdrop",
        "setcap cap_net_raw+ep /usr/bin/mtr-packet",
    )
    assert facts.owners["/usr/sbin/postdrop"] == ("root", "postdrop")
    assert facts.modes["/usr/sbin/postdrop"] == "02555"
    assert facts.capabilities == {"/usr/bin/mtr-packet": "cap_net_raw+ep"}


def test_replaced_calls_say_nothing() -> None:
    assert facts_of("systemctl daemon-reload", "ldconfig", "deb-systemd-helper enable x.service") == Facts()


@pytest.mark.parametrize(
    ("mode", "change", "expected"),
    [
        (0o755, "4755", 0o4755),
        (0o755, "u+s", 0o4755),
        (0o755, "g+s", 0o2755),
        (0o755, "g-rx,o=", 0o705),
        (0o644, "a+x", 0o755),
        (0o644, "u=rw,g=r,o=r", 0o644),
        (0o755, "+t", 0o1755),
        (0o755, "", 0o755),
    ],
)
def test_modes_are_applied_as_chmod_does(mode: int, change: str, expected: int) -> None:
    assert apply_mode(mode, change) == expected
