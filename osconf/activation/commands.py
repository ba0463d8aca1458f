"""The activator's commands on a running machine: switch, test, boot-default, dry-activate, check, rollback.

Each is a recipe over the planner, the executor and the generations; they return an exit code: 0 done, 1 refused, 4
units failed, 5 went back to the previous system, 100 needs a reboot.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping

from osconf.activation import etc, journal
from osconf.activation.closure import Closure, read_closure
from osconf.activation.commit import commit_generation
from osconf.activation.executor import SwitchExecutor, SwitchOptions, SwitchResult
from osconf.activation.generations import find_previous
from osconf.activation.lock import hold_switch_lock
from osconf.activation.machine import CURRENT
from osconf.activation.plan import SwitchPlan, find_inhibitors, plan_switch
from osconf.activation.plan_text import plan_to_json, render_plan
from osconf.errors import ActivationError
from osconf.host.protocol import Host, UnitState

EXIT_FAILED_UNITS, EXIT_ROLLED_BACK, EXIT_NEEDS_REBOOT = 4, 5, 100
CONFIRMATION = "/run/osconf/confirmed"
_CONFIRM_POLL_SECONDS = 0.5

Report = Callable[[str], None]
Options = Mapping[str, str]


def run_command(host: Host, command: str, system: str, options: Options, report: Report) -> int:
    """Run a command for a closure."""
    match command:
        case "switch" | "test":
            return switch(host, system, command, options, report)
        case "boot-default":
            return make_boot_default(host, system, report, number=_read_number(options))
        case "dry-activate":
            return show_plan(host, system, as_json="json" in options)
        case "check":
            return check(host, system, report)
        case _:
            raise ActivationError(f"there is no command {command}")


def switch(host: Host, system: str, action: str, options: Options, report: Report) -> int:
    """Activate a closure; `switch` also makes it the boot default, if all went well."""
    if not host.has_systemd():
        raise ActivationError(
            "systemd does not run here, so nothing can be activated",
            hint="use boot: it only sets the boot default",
            code="no-systemd",
        )
    new = read_closure(host.files, system)
    with hold_switch_lock(host, f"{action} to {new.path}"):
        old = read_running(host)
        carried = find_carried(host)
        plan = plan_switch(host.files, old, new, host.systemd.list_units(), carried=carried)
        refusal = find_refusal(plan, adopt="adopt" in options)
        if refusal is not None:
            raise refusal
        for step in plan.units.skipped:
            report(f"not touched: {step.unit} ({step.reason})")
        confirm = _make_confirmation(host, float(options["confirm"]), report) if "confirm" in options else None
        settings = SwitchOptions(action, "adopt" in options, carried is not None, confirm, _read_number(options))
        result = SwitchExecutor(host, new, plan, settings, report).execute()
    if result.unhealthy:
        return _go_back(host, old, result, report)
    for reason in plan.reboot_reasons:
        report(f"takes effect at the next boot: {reason}")
    if result.failed:
        report(f"failed: {', '.join(result.failed)}")
        if action == "switch":
            report(f"{new.path} is active, but not the boot default")
        return EXIT_FAILED_UNITS
    return 0


def make_boot_default(host: Host, system: str, report: Report, *, number: int | None = None) -> int:
    """Make a closure the next generation (or the one it is) and the boot default, without activating it."""
    closure = read_closure(host.files, system)
    with hold_switch_lock(host, f"boot default {closure.path}"):
        host.mounts.sync("/osconf/store")
        commit_generation(host, closure, report, number=number)
    return 0


def show_plan(host: Host, system: str, *, as_json: bool) -> int:
    """Print what a switch would do; changes nothing."""
    plan = make_plan(host, system)
    sys.stdout.write(json.dumps(plan_to_json(plan), indent=2) + "\n" if as_json else render_plan(plan))
    return 0


def make_plan(host: Host, system: str) -> SwitchPlan:
    """Return the plan of a switch to a closure, from what runs now."""
    states: dict[str, UnitState] = host.systemd.list_units() if host.has_systemd() else {}
    return plan_switch(host.files, read_running(host), read_closure(host.files, system), states)


def check(host: Host, system: str, report: Report) -> int:
    """Report what would refuse a switch and what was changed by hand; exit 1 if there is something."""
    new = read_closure(host.files, system)
    problems = list(find_inhibitors(host.files, read_running(host), new))
    problems += [f"/etc/{path} is not written by osconf" for path in etc.plan_etc(host.files, new).foreign]
    problems += [f"/etc/{path} was changed by hand" for path in etc.find_drift(host.files)]
    for problem in problems:
        report(problem)
    return 1 if problems else 0


def roll_back(host: Host, report: Report) -> int:
    """Let the generation before the default one activate itself."""
    previous = find_previous(host.files)
    report(f"going back to generation {previous.number}")
    return _run_activator(host, previous.system, "switch")


def confirm_switch(host: Host) -> int:
    """Answer a switch that waits for a confirmation."""
    host.files.make_dirs(CONFIRMATION.rpartition("/")[0])
    host.files.write(CONFIRMATION, b"")
    return 0


def read_running(host: Host) -> Closure:
    """Return the closure that is active."""
    return read_closure(host.files, CURRENT if host.files.exists(CURRENT) else "/run/booted-system")


def find_carried(host: Host) -> dict[str, list[str]] | None:
    """Return the jobs that a switch interrupted since the last boot planned and did not finish."""
    record = journal.read_journal(host.files)
    if record is None or not record.is_unfinished or record.boot != host.boot_id():
        return None
    # What was stopped may have to start again whatever is done; other jobs count until they are done.
    return {verb: names for verb, names in record.units.items() if verb == "stop" or verb not in record.done}


def find_refusal(plan: SwitchPlan, *, adopt: bool) -> ActivationError | None:
    """Return why a plan must not be carried out live."""
    if plan.inhibitors:
        error = ActivationError(
            f"this system cannot be activated while it runs: {'; '.join(plan.inhibitors)}",
            hint="use `osconf boot` and reboot",
            code="needs-reboot",
        )
        error.exit_code = EXIT_NEEDS_REBOOT
        return error
    if plan.etc.foreign and not adopt:
        error = etc.refuse_foreign(plan.etc.foreign)
        error.exit_code = 1
        return error
    return None


def _go_back(host: Host, old: Closure, result: SwitchResult, report: Report) -> int:
    report(f"not healthy: {'; '.join(result.unhealthy)}")
    report(f"going back to {old.path}")
    code = _run_activator(host, old.path, "test")
    if code not in (0, EXIT_FAILED_UNITS):
        report(f"going back failed with exit code {code}; a reboot starts the boot default")
    return EXIT_ROLLED_BACK


def _run_activator(host: Host, system: str, action: str) -> int:
    # The target's own activator: it knows its formats, and it brings its own /usr.
    program = f"{host.files.resolve(system)}/bin/switch-to-configuration"
    return host.run([program, action], check=False, capture=False).exit_code


def _read_number(options: Options) -> int | None:
    text = options.get("generation")
    if text is None:
        return None
    if not text.isdecimal():
        raise ActivationError(f"{text} is no generation number")
    return int(text)


def _make_confirmation(host: Host, seconds: float, report: Report) -> Callable[[], bool]:
    def wait() -> bool:
        host.files.remove(CONFIRMATION)
        report(f"confirm within {seconds:.0f} s, or the previous system comes back")
        deadline = host.now() + seconds
        while host.now() < deadline:
            if host.files.exists(CONFIRMATION):
                return True
            host.sleep(_CONFIRM_POLL_SECONDS)
        return False

    return wait
