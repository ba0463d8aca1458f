"""Carrying out a plan: journalled steps, each safe to run again, and an honest end.

The activator starts in a private mount namespace that has the new environment on /usr (see `launcher`); from the step
`usr` on it works in the machine's own namespace, where /usr is the new environment then. So no program of one
generation ever runs on the files of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from osconf.activation import etc, journal
from osconf.activation.accounts import read_accounts
from osconf.activation.closure import Closure
from osconf.activation.commit import commit_generation
from osconf.activation.debt import write_debt
from osconf.activation.firewall import apply_firewall
from osconf.activation.health import run_checks
from osconf.activation.machine import apply_accounts, link_service_extras, set_current_system
from osconf.activation.plan import SwitchPlan
from osconf.activation.scripts import run_scripts
from osconf.activation.unit_rules import UnitStep
from osconf.activation.wrappers import apply_wrappers
from osconf.errors import ActivationError, OsconfError
from osconf.host.protocol import Host, JobResult, UnitState

Report = Callable[[str], None]

_TMPFILES = "/usr/bin/systemd-tmpfiles"
_SYSCTL = "/usr/lib/systemd/systemd-sysctl"
_STOP_SECONDS = 150.0
_START_SECONDS = 600.0
_SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """How a switch runs. `resumed`: an earlier one was interrupted, so nothing is taken as done."""

    action: str = "switch"
    adopt: bool = False
    resumed: bool = False
    confirm: Callable[[], bool] | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """How it ended: units and scripts that failed, health checks that failed (the caller then goes back)."""

    failed: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """May it become the boot default?"""
        return not (self.failed or self.unhealthy)


@dataclass(slots=True)
class _Progress:
    failed: list[str] = field(default_factory=list)
    before: dict[str, UnitState] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)


class SwitchExecutor:
    """One switch to `new`, as planned; the caller holds the lock and has checked the inhibitors."""

    def __init__(self, host: Host, new: Closure, plan: SwitchPlan, options: SwitchOptions, report: Report) -> None:
        self._host = host
        self._new = new
        self._plan = plan
        self._options = options
        self._report = report
        self._journal = journal.Journal(host.files)
        self._progress = _Progress()

    def execute(self) -> SwitchResult:
        """Run all steps; a step that cannot be done raises `ActivationError` with what is done and pending."""
        units = self._plan.units
        self._journal.begin(
            action=self._options.action,
            source=self._plan.source,
            target=self._plan.target,
            boot=self._host.boot_id(),
            time=self._host.now(),
            units={
                "stop": _names(units.stop),
                "reload": _names(units.reload),
                "restart": _names(units.restart),
                "start": _names(units.start),
            },
        )
        self._run_steps(self._activation_steps())
        self._journal.note(failed=self._progress.failed)
        write_debt(self._host, self._plan)
        result = SwitchResult(tuple(self._progress.failed), self._check_health())
        if result.is_good and self._options.action == "switch":
            self._run_steps(self._commit_steps())
        self._host.files.remove(journal.PENDING_ROOT)
        self._journal.end("ok" if result.is_good else "unhealthy" if result.unhealthy else "failed")
        return result

    def _activation_steps(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("sync", self._sync_store),
            ("stop", self._stop_units),
            ("root", self._hold_root),
            ("usr", self._switch_usr),
            ("current-system", self._set_current),
            ("etc", self._apply_etc),
            ("users", self._apply_users),
            ("tmpfiles", self._apply_tmpfiles),
            ("sysctl", self._apply_sysctl),
            ("wrappers", self._apply_wrappers),
            ("scripts", self._run_scripts),
            ("daemon-reload", self._reload_manager),
            ("firewall", self._apply_firewall),
            ("reload", self._reload_units),
            ("restart", self._restart_units),
            ("start", self._start_units),
            ("settle", self._find_failures),
        ]

    def _commit_steps(self) -> list[tuple[str, Callable[[], None]]]:
        return [("generation", self._commit)]

    def _run_steps(self, steps: Sequence[tuple[str, Callable[[], None]]]) -> None:
        done: list[str] = []
        for index, (name, step) in enumerate(steps):
            self._journal.start(name)
            try:
                step()
            except (OSError, OsconfError) as error:
                pending = tuple(other for other, _ in steps[index:])
                hint = error.hint if isinstance(error, OsconfError) else None
                raise ActivationError(
                    f"step {name}: {error}",
                    done=tuple(done),
                    pending=pending,
                    hint=hint or "the same command continues where this stopped",
                ) from error
            self._journal.done(name)
            done.append(name)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _sync_store(self) -> None:
        self._host.mounts.sync("/osconf/store")

    def _stop_units(self) -> None:
        self._progress.before = self._host.systemd.list_units()
        self._jobs("stop", self._plan.units.stop, _STOP_SECONDS)

    def _hold_root(self) -> None:
        self._host.files.make_dirs(journal.PENDING_ROOT.rpartition("/")[0])
        self._host.files.link(journal.PENDING_ROOT, self._new.path, sync=True)

    def _switch_usr(self) -> None:
        mounts = self._host.mounts
        mounts.enter_host_namespace()
        if not mounts.is_usr(self._new.environment.usr):
            mounts.switch_usr(self._new.environment.usr)
        if self._plan.reexecute:
            # Before any other job: the old PID 1 starts services through an executor that would load new libraries.
            self._report("re-executing PID 1")
            self._host.systemd.reexecute()

    def _set_current(self) -> None:
        set_current_system(self._host.files, self._new.path)

    def _apply_etc(self) -> None:
        files = self._host.files
        accounts = read_accounts(files, self._new.environment.path)

        def owner_ids(user: str, group: str) -> tuple[int, int]:
            try:
                return accounts.owner_ids(user, group)
            except ActivationError:
                return 0, 0  # made by the next step, which sets the owners again

        link_service_extras(files, self._new)
        # Planned anew: in a resumed switch a part is done already.
        plan = etc.plan_etc(files, self._new)
        etc.apply_etc(files, plan, owner_ids=owner_ids, adopt=self._options.adopt, report=self._report)

    def _apply_users(self) -> None:
        accounts = apply_accounts(self._host, self._new, self._report)
        etc.set_owners(self._host.files, self._new, accounts.owner_ids)

    def _apply_tmpfiles(self) -> None:
        if self._plan.tmpfiles_changed or self._options.resumed:
            self._run_tolerantly([_TMPFILES, "--create", "--exclude-prefix=/dev"])

    def _apply_sysctl(self) -> None:
        if self._plan.sysctl_changed or self._options.resumed:
            self._run_tolerantly([_SYSCTL])

    def _apply_wrappers(self) -> None:
        files = self._host.files
        apply_wrappers(files, self._new, read_accounts(files, self._new.environment.path), self._report)

    def _run_scripts(self) -> None:
        failed = run_scripts(self._host, self._new.scripts, self._new.path, self._options.action, self._report)
        self._progress.failed += [f"activation script {name}" for name in failed]

    def _reload_manager(self) -> None:
        # Also what was stopped: a unit that is gone and had to be killed is no failure of the new system.
        units = self._plan.units
        names = _names((*units.stop, *units.start, *units.restart))
        self._host.systemd.daemon_reload()
        self._host.systemd.reset_failed(names)

    def _apply_firewall(self) -> None:
        if self._plan.firewall_changed or self._options.resumed:
            apply_firewall(self._host, self._new.firewall)

    def _reload_units(self) -> None:
        self._jobs("reload", self._plan.units.reload, _START_SECONDS)

    def _restart_units(self) -> None:
        self._jobs("restart", self._plan.units.restart, _START_SECONDS)

    def _start_units(self) -> None:
        self._jobs("start", self._plan.units.start, _START_SECONDS)
        # Active targets last: they bring up what the new closure adds to them.
        results = self._host.systemd.run_jobs("start", self._plan.units.targets, _START_SECONDS)
        self._note_failures(result for result in results if result.result not in ("dependency", "canceled"))

    def _find_failures(self) -> None:
        if self._progress.touched:
            self._host.sleep(_SETTLE_SECONDS)
        touched = set(self._progress.touched)
        for name, state in sorted(self._host.systemd.list_units().items()):
            before = self._progress.before.get(name)
            was_failed = before is not None and before.active == "failed"
            crashed = state.sub == "auto-restart" and self._host.systemd.main_status(name) != 0
            if (state.active == "failed" and (name in touched or not was_failed)) or crashed:
                self._add_failure(name)

    def _commit(self) -> None:
        commit_generation(self._host, self._new, self._report, number=self._options.generation)

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _check_health(self) -> tuple[str, ...]:
        failures = run_checks(self._host, self._new.health_checks, self._report)
        if not failures and self._options.confirm is not None and not self._options.confirm():
            return ("nobody confirmed the switch in time",)
        return failures

    def _jobs(self, verb: str, steps: Iterable[UnitStep], timeout: float) -> None:
        names = _names(steps)
        if not names:
            return
        self._report(f"{_PROGRESS[verb]} {', '.join(names)}")
        if verb != "stop":
            self._progress.touched += names
        self._note_failures(self._host.systemd.run_jobs(verb, names, timeout))

    def _note_failures(self, results: Iterable[JobResult]) -> None:
        for result in results:
            if not result.is_good:
                self._report(f"could not {result.verb} {result.unit}: {result.result}")
                if result.verb != "stop":
                    self._add_failure(result.unit)

    def _add_failure(self, name: str) -> None:
        if name not in self._progress.failed:
            self._progress.failed.append(name)

    def _run_tolerantly(self, argv: Sequence[str]) -> None:
        # tmpfiles and sysctl fail for a single line they could not apply; that must not stop a switch.
        result = self._host.run(argv, check=False)
        if result.exit_code != 0:
            for line in result.stderr.decode(errors="replace").splitlines():
                self._report(line)


_PROGRESS = {"stop": "stopping", "start": "starting", "restart": "restarting", "reload": "reloading"}


def _names(steps: Iterable[UnitStep]) -> list[str]:
    return [step.unit for step in steps]
