"""The plan as text and as JSON, for `osconf plan` and the log of a switch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osconf.activation.plan import SwitchPlan
from osconf.activation.unit_rules import UnitStep

_SHOWN = 30


def render_plan(plan: SwitchPlan) -> str:
    """Return the plan in the order it is carried out; empty sections are left out."""
    lines = [f"from {plan.source}", f"to   {plan.target}"]
    if plan.inhibitors:
        lines += ["", "this cannot be activated live (use `osconf boot` and reboot):", *_bullets(plan.inhibitors)]
    lines += _steps("stop", plan.units.stop)
    if plan.environment_changed:
        lines += ["", "/usr becomes another environment" + (", PID 1 is re-executed" if plan.reexecute else "")]
    etc = plan.etc
    lines += _section("add to /etc", (*etc.added, *etc.late))
    lines += _section("change in /etc", etc.changed)
    lines += _section("remove from /etc", etc.removed)
    lines += _section("in /etc, not written by osconf (needs --adopt)", etc.foreign)
    lines += _section("in /etc, changed by hand (kept with .osconf-saved added)", etc.drifted)
    lines += _section("accounts", plan.accounts)
    lines += _section("activation scripts", plan.scripts)
    lines += _steps("reload", plan.units.reload)
    lines += _steps("restart", plan.units.restart)
    lines += _steps("start", plan.units.start)
    if plan.firewall_changed:
        lines += ["", "the firewall is replaced"]
    lines += _steps("leave as they are", plan.units.skipped)
    lines += _section("after a reboot", plan.reboot_reasons)
    if plan.is_empty:
        lines += ["", "nothing changes"]
    return "\n".join(lines) + "\n"


def plan_to_json(plan: SwitchPlan) -> dict[str, Any]:
    """Return the plan as a JSON record."""

    def steps(items: Iterable[UnitStep]) -> list[dict[str, str]]:
        return [{"unit": item.unit, "reason": item.reason} for item in items]

    units = plan.units
    return {
        "from": plan.source,
        "to": plan.target,
        "inhibitors": list(plan.inhibitors),
        "environmentChanged": plan.environment_changed,
        "reexecute": plan.reexecute,
        "units": {
            "stop": steps(units.stop),
            "reload": steps(units.reload),
            "restart": steps(units.restart),
            "start": steps(units.start),
            "skipped": steps(units.skipped),
        },
        "etc": {
            "added": [*plan.etc.added, *plan.etc.late],
            "changed": list(plan.etc.changed),
            "removed": list(plan.etc.removed),
            "foreign": list(plan.etc.foreign),
            "drifted": list(plan.etc.drifted),
        },
        "accounts": list(plan.accounts),
        "scripts": list(plan.scripts),
        "firewallChanged": plan.firewall_changed,
        "reboot": list(plan.reboot_reasons),
    }


def _section(title: str, items: Iterable[str]) -> list[str]:
    lines = _bullets(items)
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"  … and {len(lines) - _SHOWN} more"]
    return ["", f"{title}:", *lines] if lines else []


def _steps(title: str, steps: Iterable[UnitStep]) -> list[str]:
    return _section(f"{title} units", (f"{step.unit} ({step.reason})" for step in steps))


def _bullets(items: Iterable[str]) -> list[str]:
    return [f"  {item}" for item in items]
