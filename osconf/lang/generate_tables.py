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
    rules = {argument for state in table.states.values() for kind, argument in state.values() if kind is not Shift}
    order = sorted(rules, key=lambda rule: (str(rule.origin.name), rule.order, rule.alias or "", len(rule.expansion)))
    numbers = {rule: index for index, rule in enumerate(order)}
    states = _number_states(table, Shift)
    lines = [HEADER]
    lines.append(f"START = {states[table.start_states['start']]}")
    lines.append(f"END = {states[table.end_states['start']]}\n")
    lines.append("RULES = (")
    for rule in order:
        action = rule.alias or str(rule.origin.name)
        if rule.alias is None and rule.options.expand1 and len(rule.expansion) == 1:
            action = ""
        lines.append(f"    ({str(rule.origin.name)!r}, {len(rule.expansion)}, {str(action)!r}),")
    lines.append(")\n")
    lines.append("ACTIONS: tuple[dict[str, int], ...] = (")
    for state in states:
        actions = {}
        for name, (kind, argument) in table.states[state].items():
            actions[str(name)] = states[argument] if kind is Shift else ~numbers[argument]
        inside = ", ".join(f'"{name}": {actions[name]}' for name in sorted(actions))
        lines.append(f"    {{{inside}}},")
    lines.append(")")
    return "\n".join(lines) + "\n"


def _number_states(table: Any, shift: Any) -> dict[int, int]:
    """A number for each state in the order they are met from the start: lark's own differ from run to run."""
    states = {table.start_states["start"]: 0}
    pending = list(states)
    for state in pending:
        for _, (kind, argument) in sorted(table.states[state].items(), key=lambda item: str(item[0])):
            if kind is shift and argument not in states:
                states[argument] = len(states)
                pending.append(argument)
    return states


def main() -> None:
    """Write tables.py beside the grammar."""
    folder = Path(__file__).parent
    (folder / "tables.py").write_text(render_tables((folder / "grammar.lark").read_text()))


if __name__ == "__main__":
    main()
