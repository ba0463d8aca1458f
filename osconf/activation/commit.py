"""Making a closure the boot default: its generation and the boot menu, together or not at all."""

from __future__ import annotations

from collections.abc import Callable

from osconf.activation.bootmenu import write_boot_menu
from osconf.activation.closure import Closure
from osconf.activation.generations import Generation, add_generation, find_default, make_default
from osconf.errors import OsconfError
from osconf.host.protocol import Host

Report = Callable[[str], None]


def commit_generation(host: Host, closure: Closure, report: Report) -> Generation:
    """Add the generation and write the menu; when that fails (a full /boot), the old default stays in both."""
    before = find_default(host.files)
    generation = add_generation(host.files, closure.path)
    try:
        write_boot_menu(host, closure, report)
    except (OSError, OsconfError):
        if before is not None:
            make_default(host.files, before.number)
        raise
    report(f"generation {generation.number} is the boot default")
    return generation
