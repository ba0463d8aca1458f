"""How much memory a client's process may take: what a stranger sends is bounded, what it becomes here may not be."""

from __future__ import annotations

import resource
from pathlib import Path

_MEMORY = 2 << 30


def limit_memory() -> None:
    """Let this process take a bounded amount more than it has; then it gets `MemoryError`."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    wanted = pages * resource.getpagesize() + _MEMORY
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > wanted:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def lift_memory_limit() -> None:
    """Take the limit back: builders need what they need."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
