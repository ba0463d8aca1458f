"""What `osconf status` prints."""

from __future__ import annotations

from osconf.rebuild.status import OldProcess, Status

ONE, TWO = "/osconf/store/1-system", "/osconf/store/2-system"


def test_nothing_to_do() -> None:
    assert Status(ONE, ONE, ONE, 4, ()).as_text().splitlines() == [
        f"running       {ONE}",
        f"booted        {ONE}",
        f"boot default  {ONE} (4)",
        "every process runs the code of this generation",
    ]


def test_what_waits_for_a_restart() -> None:
    processes = (
        OldProcess(80, "nginx", "nginx.service"),
        OldProcess(81, "nginx", "nginx.service"),
        OldProcess(7, "bash", "session-1.scope"),
        OldProcess(1, "systemd", "init.scope"),
    )
    debt = {"dbus.service": "changed; X-RestartIfChanged=false"}
    status = Status(TWO, ONE, ONE, 4, processes, debt)
    assert status.as_text().splitlines()[3:] == [
        "the next boot is another system than the one that runs: `osconf switch` or `osconf rollback`",
        "units that changed, but still run as they were:",
        "  dbus.service: changed; X-RestartIfChanged=false",
        "4 processes still run code of an earlier generation:",
        "  init.scope: systemd (1) - reboot when it suits",
        "  nginx.service: nginx (80), nginx (81) - systemctl restart nginx.service",
        "  session-1.scope: bash (7) - ends with its session",
    ]
    assert status.as_json()["restart_debt"] == debt
