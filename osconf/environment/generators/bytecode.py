"""Python bytecode, compiled by the environment's own python.

Checked by content never (unchecked-hash): the tree cannot change under it, and modification times mean nothing here.
"""

from __future__ import annotations

import re

from osconf.environment.farm import Farm
from osconf.environment.generators.trigger import Trigger

_SKIP = r"(^|/)(test|tests|idlelib|lib2to3|turtledemo|bad_coding.*|__pycache__)(/|$)"


def bytecode_triggers(farm: Farm) -> tuple[Trigger, ...]:
    """One trigger per python of the tree: its own library, and for the default one the shared packages."""
    pythons = sorted(
        path.rpartition("/")[2] for path in farm.plan.under("usr/bin") if re.fullmatch(r"usr/bin/python3\.\d+", path)
    )
    if not pythons:
        return ()
    default = (farm.plan.resolve("usr/bin/python3") or "").rpartition("/")[2]
    triggers: list[Trigger] = []
    for python in pythons:
        directories = [f"usr/lib/{python}"]
        if python == (default or pythons[-1]):
            directories.append("usr/lib/python3/dist-packages")
        present = [directory for directory in directories if farm.has(directory)]
        arguments = " ".join(f"/{directory}" for directory in present)
        triggers.append(
            Trigger(
                f"bytecode-{python}",
                needs=(f"usr/bin/{python}",),
                watches=tuple(present),
                # Some packages ship templates and test data that are no valid Python: their failure is no fault.
                command=f"{python} -ISs -m compileall -q -j 1 --invalidation-mode unchecked-hash "
                f"-x '{_SKIP}' {arguments} || true",
                outputs=tuple(f"{directory}/*.pyc" for directory in present),
            )
        )
    return tuple(triggers)
