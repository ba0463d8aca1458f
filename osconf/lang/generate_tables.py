"""Turn grammar.lark into tables.py: `python -m osconf.lang.generate_tables`.

The only user of lark in the language: the committed tables are plain data, so a run of osconf never imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEADER = '''"""LALR tables of the language, generated from grammar.lark by generate_tables.py; not for editing.

`ACTIONS[state]` maps a terminal's or a rule's name to an action: n >= 0 shifts to (or goes to) state n, ~n reduces by
rule n. `RULES[n]` is (origin, length, action name); helper rules of repetitions start with `__`.
"""

# ruff: noqa: E501
# fmt: off
'''


def render_tables(grammar: str) -> str:
    """The text of tables.py for a grammar."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    parser = Lark(grammar, parser="lalr", lexer="basic", keep_all_tokens=True, maybe_placeholders=False)
    table = parser.parser.parser._parse_table
    numbers: dict[object, int] = {}
    rules: list[Any] = []
    for state in table.states.values():
        for kind, argument in state.values():
            if kind is not Shift and argument not in numbers:
                numbers[argument] = len(rules)
                rules.append(argument)
    order = sorted(rules, key=lambda rule: (str(rule.origin.name), rule.order, rule.alias or "", len(rule.expansion)))
    numbers = {rule: index for index, rule in enumerate(order)}
    lines = [HEADER]
    lines.append(f"START = {table.start_states['start']}")
    lines.append(f"END = {table.end_states['start']}\n")
    lines.append("RULES = (")
    for rule in order:
        action = rule.alias or str(rule.origin.name)
        if rule.alias is None and rule.options.expand1 and len(rule.expansion) == 1:
            action = ""
        lines.append(f"    ({str(rule.origin.name)!r}, {len(rule.expansion)}, {str(action)!r}),")
    lines.append(")\n")
    lines.append("ACTIONS: tuple[dict[str, int], ...] = (")
    for index in range(len(table.states)):
        actions = {}
        for name, (kind, argument) in table.states[index].items():
            actions[str(name)] = argument if kind is Shift else ~numbers[argument]
        inside = ", ".join(f'"{name}": {actions[name]}' for name in sorted(actions))
        lines.append(f"    {{{inside}}},")
    lines.append(")")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write tables.py beside the grammar."""
    folder = Path(__file__).parent
    (folder / "tables.py").write_text(render_tables((folder / "grammar.lark").read_text()))


if __name__ == "__main__":
    main()
