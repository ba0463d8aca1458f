"""Write index.py, which tells where each builtin is: `python -m osconf.lang.primops.generate_index`."""

from __future__ import annotations

from pathlib import Path

from osconf.lang.primops import catalogue  # noqa: F401 - registers the builtins
from osconf.lang.primops.registry import CONSTANTS, PRIMOPS

HEADER = '''"""Where each builtin is, so that only those are loaded that an evaluation uses; generated, not for editing.

`python -m osconf.lang.primops.generate_index` writes it.
"""

INDEX: dict[str, tuple[str, str]] = {
'''
MIDDLE = '''}
"""Name -> the module that registers it, and its marks."""

CONSTANT_NAMES = (
'''


def render_index() -> str:
    """The text of index.py."""
    lines = []
    for name, op in sorted(PRIMOPS.items()):
        theme = op.implementation.__module__.rpartition(".")[2]
        lines.append(f'    "{name}": ("{theme}", "{op.marks}"),\n')
    constants = [f'    "{name}",\n' for name in sorted(CONSTANTS)]
    return f"{HEADER}{''.join(lines)}{MIDDLE}{''.join(constants)})\n"


def main() -> None:
    """Write index.py beside this file."""
    (Path(__file__).parent / "index.py").write_text(render_index())


if __name__ == "__main__":
    main()
