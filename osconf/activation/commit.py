"""Generations and the boot menu, changed together: a new boot default, and generations that go."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from osconf.activation.bootmenu import write_boot_menu
from osconf.activation.closure import Closure, read_closure
from osconf.activation.generations import (
    Generation,
    add_generation,
    delete_generations,
    find_default,
    find_generation,
    make_default,
)
from osconf.activation.lock import hold_switch_lock
from osconf.errors import OsconfError
from osconf.host.protocol import Host

Report = Callable[[str], None]

IN_USE = ("/run/current-system", "/run/booted-system")


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


def forget_generations(host: Host, numbers: Iterable[int], report: Report) -> list[int]:
    """Delete generations and take them out of the boot menu; the default, the running and the booted one are refused.

    Their store paths are still there: only a garbage collection after this makes them unbootable.
    """
    with hold_switch_lock(host, "deleting generations"):
        deleted = delete_generations(host.files, numbers, keep=IN_USE)
        default = find_default(host.files)
        if default is not None and deleted:
            write_boot_menu(host, read_closure(host.files, default.system), report)
    return deleted
