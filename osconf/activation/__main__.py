"""The activator's entry point: `python3 -m osconf.activation COMMAND`, and the closure's own `activate`.

Only what a command needs is imported: `boot` runs before PID 1 and each import costs there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from osconf.errors import ActivationError, OsconfError

_USAGE = """usage: activate COMMAND [--system PATH]

  boot                          before PID 1 starts, in the initrd's chroot
  install --root DIR            first generation and boot menu of a new root
  switch | test [--adopt] [--confirm SECONDS]
                                activate; switch also makes it the boot default
  boot-default                  make it the boot default
  dry-activate [--json]         print what `switch` would do
  check                         report drift and inhibitors
  rollback                      activate the generation before the current one
  confirm                       keep the system that a switch with --confirm tries
  bless-boot                    mark the running generation as good
"""


def main(arguments: Sequence[str], system: str | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parse(list(arguments))
    if options is None:
        sys.stderr.write(_USAGE)
        return 2
    target = options.get("system") or system
    try:
        code = _run(options["command"], options, target)
    except OsconfError as error:
        report(f"error: {error}")
        if error.hint:
            report(f"hint: {error.hint}")
        code = error.exit_code
    except OSError as error:
        report(f"error: {error}")
        code = 1
    except Exception:
        if "result" not in options:
            raise
        import traceback

        report(f"internal error, please report it:\n{traceback.format_exc()}")
        code = 70
    if "result" in options:
        from osconf.activation.launcher import write_result
        from osconf.host.files import Files

        write_result(Files(), options["result"], code)
    return code


def report(message: str) -> None:
    """Tell the operator (the console at boot, the journal or the terminal later)."""
    sys.stderr.write(f"osconf: {message}\n")
    sys.stderr.flush()


def require_root(command: str) -> None:
    """Refuse a command that changes the machine to anyone but root."""
    if command not in ("dry-activate", "check") and os.geteuid() != 0:
        raise ActivationError(f"{command} changes the system, which only root may", hint="use sudo", code="not-root")


def _run(command: str, options: dict[str, str], system: str | None) -> int:
    from osconf.host.real import RealHost

    if "root" not in options:
        require_root(command)

    host = RealHost(options.get("root", "/"))
    if command == "rollback":
        from osconf.activation.commands import roll_back

        return roll_back(host, report)
    if command == "confirm":
        from osconf.activation.commands import confirm_switch

        return confirm_switch(host)
    if command == "bless-boot":
        from osconf.activation.bootmenu import bless_boot

        return bless_boot(host)
    if system is None:
        report("error: --system is needed")
        return 2
    if command == "boot":
        from osconf.activation.boot import activate_boot

        return activate_boot(host, system, report)
    if command == "install":
        from osconf.activation.install import install_generation

        return install_generation(host, system, report, root_tag=options.get("root-tag", ""))
    from osconf.activation.commands import run_command

    return run_command(host, command, system, options, report)


def _parse(arguments: list[str]) -> dict[str, str] | None:
    commands = {
        "boot",
        "install",
        "switch",
        "test",
        "boot-default",
        "dry-activate",
        "check",
        "rollback",
        "confirm",
        "bless-boot",
    }
    if not arguments or arguments[0] not in commands:
        return None
    options = {"command": arguments[0]}
    rest = arguments[1:]
    while rest:
        name, separator, value = rest.pop(0).partition("=")
        if not name.startswith("--"):
            return None
        name = name[2:]
        if name in ("adopt", "json"):
            options[name] = "1"
        elif name in ("system", "root", "root-tag", "confirm", "generation", "result"):
            if not separator and not rest:
                return None
            options[name] = value if separator else rest.pop(0)
        else:
            return None
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
