"""`osconf switch`, `boot`, `test`, `plan`, `check` and `rollback`: making a machine what the configuration says."""

from __future__ import annotations

import click

from osconf.cli import options
from osconf.cli.context import Invocation

_TEXTS = {
    "switch": """Build the configuration, activate it without a reboot and make it the boot default.

    A switch that fails never becomes the boot default. Exit codes: 4 units failed, 5 the previous generation was
    activated again, 100 the change needs a reboot (use `osconf boot`).

    \b
    Example:
      osconf switch --target-host root@web""",
    "boot": """Build the configuration and make it the boot default; the running system stays as it is.

    \b
    Example:
      osconf boot && systemctl reboot""",
    "test": """Build the configuration and activate it; the next boot is still the old one.

    \b
    Example:
      osconf test""",
    "plan": """Build the configuration and say what `osconf switch` would stop, start, restart, reload and change.

    \b
    Example:
      osconf plan""",
    "check": """Build the configuration and check that this machine can switch to it: drift, conflicts, inhibitors.

    \b
    Example:
      osconf check""",
}

target_host = click.option(
    "--target-host", metavar="HOST", help="Act on [user@]host[:port] by ssh ($OSCONF_SSHOPTS is passed to ssh)."
)


def _make(name: str) -> click.Command:
    @click.command(name, help=_TEXTS[name])
    @options.configuration
    @options.result_link(None)
    @options.build_settings
    @target_host
    @click.option("--specialisation", metavar="NAME", help="Use this variant of the configuration.")
    @click.option("--confirm", type=int, metavar="SECONDS", help="Go back unless somebody confirms within this time.")
    @click.option(
        "--adopt", is_flag=True, help="Take over files in /etc that the configuration names and osconf did not make."
    )
    @options.as_json
    @click.pass_obj
    def command(
        invocation: Invocation,
        config: str | None,
        out_link: str | None,
        target_host: str | None,
        specialisation: str | None,
        confirm: int | None,
        adopt: bool,
        as_json: bool,
    ) -> int:
        from osconf.rebuild.remote import Target
        from osconf.rebuild.results import link_results
        from osconf.rebuild.switch import build_system, perform, require_osconf_machine

        session = invocation.session
        target = None if target_host is None else Target.from_arg(target_host, invocation.environment)
        if target is None:
            require_osconf_machine(session)
        else:
            target.check()
        system = build_system(session, invocation.configuration(config), specialisation)
        if out_link is not None:
            link_results(session.store, out_link, [system])
        words = [
            *(["--confirm", str(confirm)] if confirm is not None else []),
            *(["--adopt"] if adopt else []),
            *(["--json"] if as_json else []),
        ]
        return perform(session, system, name, target, words)

    return command


@click.command("rollback")
@target_host
@click.pass_obj
def rollback(invocation: Invocation, target_host: str | None) -> int:
    """Activate the generation before the current one and make it the boot default.

    \b
    Example:
      osconf rollback
    """
    from osconf.rebuild.remote import Target
    from osconf.rebuild.switch import roll_back

    target = None if target_host is None else Target.from_arg(target_host, invocation.environment)
    return roll_back(target, invocation.session)


COMMANDS = {**{name: _make(name) for name in _TEXTS}, "rollback": rollback}
