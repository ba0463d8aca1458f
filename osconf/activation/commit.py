"""Making a closure the boot default: its generation and the boot menu, together or not at all."""

from __future__ import annotations

from collections.abc import Callable

from osconf.activation.bootmenu import write_boot_menu
from osconf.activation.closure import Closure
from osconf.activation.generations import Generation, add_generation, find_default, find_generation, make_default
from osconf.errors import OsconfError
from osconf.host.protocol import Host

Report = Callable[[str], None]


def commit_generation(host: Host, closure: Closure, report: Report, *, number: int | None = None) -> Generation:
    """Make the closure's generation (an existing one with `number`) the default and write the menu.

    When the menu cannot be written (a full /boot), the old default stays in both.
    """
    files = host.files
    before = find_default(files)
    if number is not None and files.resolve(find_generation(files, number).system) == closure.path:
        generation = make_default(files, number)
    else:
        generation = add_generation(files, closure.path)
    try:
        write_boot_menu(host, closure, report)
    except (OSError, OsconfError):
        if before is not None:
            make_default(files, before.number)
        raise
    report(f"generation {generation.number} is the boot default")
    return generation
