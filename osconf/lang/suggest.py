"""Did you mean: names close to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable

from osconf.lang.values import LazyAttrs

_MAX_CANDIDATES = 3000
_MAX_LISTED = 6


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """A hint that offers the closest names; None when nothing is close. Lazy sets are asked, not listed."""
    if isinstance(names, LazyAttrs) and names.near is not None:
        close = names.near(name)
        if not close:
            return f"`osconf search {name}` looks for packages by name and description"
    elif not isinstance(names, (dict, list, tuple, set, frozenset)) or len(names) > _MAX_CANDIDATES:
        return None
    else:
        from difflib import get_close_matches

        close = get_close_matches(name, sorted(names), n=3, cutoff=0.7)
    if not close:
        return None
    quoted = [f"'{candidate}'" for candidate in close]
    return f"did you mean {' or '.join([', '.join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)}?"


def list_names(attrs: object) -> str | None:
    """A hint that says what a small set has; None for a large one."""
    if not isinstance(attrs, dict) or len(attrs) > _MAX_LISTED:
        return None
    if not attrs:
        return "the set is empty"
    return f"the set has {', '.join(f'{name!r}' for name in sorted(attrs))}"
