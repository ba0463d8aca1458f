"""`activate install --root DIR`: generation 1 of a new root, from outside of it.

Nothing of the target runs: links, the boot menu and its environment block are written, everything else happens at the
first boot. Used for disk images (in a sandbox) and by the installer.
"""

from __future__ import annotations

from collections.abc import Callable

from osconf.activation.bootmenu import write_boot_menu
from osconf.activation.closure import read_closure
from osconf.activation.generations import add_generation
from osconf.activation.machine import make_base_directories, set_current_system
from osconf.host.protocol import Host

Report = Callable[[str], None]


def install_generation(host: Host, system: str, report: Report, *, root_tag: str = "") -> int:
    """Make `system` the default generation of the host's root and write its boot menu."""
    files = host.files
    closure = read_closure(files, system)
    make_base_directories(files)
    set_current_system(files, closure.path)
    generation = add_generation(files, closure.path)
    write_boot_menu(host, closure, report, root_tag=root_tag)
    report(f"generation {generation.number} is {closure.path}")
    return 0
