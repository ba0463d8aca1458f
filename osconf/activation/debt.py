"""Restart debt: units that should have restarted and may not; kept until the next boot, for `osconf status`."""

from __future__ import annotations

import json

from osconf.activation.plan import SwitchPlan
from osconf.host.files import Files
from osconf.host.protocol import Host

PATH = "/run/osconf/restart-debt.json"  # below /run: a boot pays it


def write_debt(host: Host, plan: SwitchPlan) -> None:
    """Add what a switch left running as it was, and drop what is not running any more or was started anew."""
    units = host.systemd.list_units()
    renewed = {step.unit for steps in (plan.units.restart, plan.units.start) for step in steps}
    debt = {
        unit: reason
        for unit, reason in read_debt(host.files).items()
        if unit in units and units[unit].is_running and unit not in renewed
    }
    debt |= {step.unit: step.reason for step in plan.units.skipped if step.unit in units}
    host.files.make_dirs(PATH.rpartition("/")[0])
    host.files.write(PATH, json.dumps(debt).encode())


def read_debt(files: Files) -> dict[str, str]:
    """Return unit -> why it should restart."""
    try:
        data = json.loads(files.read_bytes(PATH))
    except (OSError, ValueError):
        return {}
    return {str(unit): str(reason) for unit, reason in data.items()} if isinstance(data, dict) else {}
