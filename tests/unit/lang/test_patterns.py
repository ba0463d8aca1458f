"""The lexer's regular expressions mean the same in every Python that osconf runs on."""

from __future__ import annotations

import re

from osconf.lang import lexer

PATTERNS = {name: value.pattern for name, value in vars(lexer).items() if isinstance(value, re.Pattern)}


def test_no_group_is_possessive() -> None:
    """Before 3.11.3, Python keeps what the last, failed round of a possessive group has consumed."""
    assert len(PATTERNS) >= 5
    assert [name for name, pattern in PATTERNS.items() if re.search(r"\)[*+?]\+", pattern)] == []
