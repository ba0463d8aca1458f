"""Code for operators, with the types that are at hand tested inline."""

from __future__ import annotations

from osconf.lang.compile.generator import Generator, generates
from osconf.lang.compile.scopes import Code, Scope
from osconf.lang.nodes import Attrs, Binary, Call, ListNode, Literal, Negate, Node, Not, Variable

# Nix resolves these operators through variables, so a text can give them another meaning.
_OVERRIDABLE = {"-": "__sub", "*": "__mul", "/": "__div", "<": "__lessThan"}
_MIRRORED = {">": "<", "<=": "<", ">=": "<"}
_NUMBERS = {"+": "add", "-": "subtract", "*": "multiply"}
_IN_RANGE = "-0x8000000000000000 <= {0} <= 0x7fffffffffffffff"
_MAX_PARENTHESES = 40
_SINGLETONS = {"null": "None", "true": "True", "false": "False"}


@generates(Not)
def write_not(g: Generator, node: Not, scope: Scope | None) -> Code:
    return f"(not {g.condition(node.operand, scope)})", "bool"


@generates(Negate)
def write_negate(g: Generator, node: Negate, scope: Scope | None) -> Code:
    operand = node.operand
    if g.is_overridden(scope, "__sub"):
        return g.value(Call(node.at, Variable(node.at, "__sub"), [Literal(node.at, 0), operand]), scope)
    if isinstance(operand, Literal) and not isinstance(operand.value, str):
        if isinstance(operand.value, int):
            return f"(-{operand.value})", "int"
        # 0 - 0.0 is 0.0, not -0.0.
        return repr(0 - operand.value), "float"
    value = g.value(operand, scope)[0]
    g.at = node.at
    return g.store(f"subtract(0, {value})"), None


@generates(Binary)
def write_binary(g: Generator, node: Binary, scope: Scope | None) -> Code:
    operator = node.operator
    if operator in {"&&", "||", "->"}:
        return _write_logic(g, node, scope)
    if operator in {"==", "!="}:
        return _write_equality(g, node, scope)
    overridable = _OVERRIDABLE.get(_MIRRORED.get(operator, operator))
    if overridable is not None and g.is_overridden(scope, overridable):
        return _write_overridden(g, node, scope, overridable)
    left, left_kind = _operand(g, node.left, scope)
    right, right_kind = _operand(g, node.right, scope)
    g.at = node.at
    if operator in _NUMBERS:
        return _write_arithmetic(g, operator, (left, left_kind), (right, right_kind))
    if operator == "/":
        return g.store(f"divide({left}, {right})"), None
    if operator == "//":
        if left_kind == right_kind == "attrs":
            return g.store(f"{{**{left}, **{right}}}"), "attrs"
        return g.store(f"update({left}, {right})"), "attrs"
    if operator == "++":
        return g.store(
            f"{left} + {right}" if left_kind == right_kind == "list" else f"concat_lists({left}, {right})"
        ), "list"
    return _write_comparison(g, operator, (left, left_kind), (right, right_kind))


def _operand(g: Generator, node: Node, scope: Scope | None) -> Code:
    return g.value(node, scope) if isinstance(node, Literal) else g.stored_value(node, scope)


def _write_overridden(g: Generator, node: Binary, scope: Scope | None, name: str) -> Code:
    operands = [node.left, node.right]
    if node.operator in {">", "<="}:
        operands.reverse()
    call = Call(node.at, Variable(node.at, name), operands)
    return g.value(Not(node.at, call) if node.operator in {"<=", ">="} else call, scope)


def _write_logic(g: Generator, node: Binary, scope: Scope | None) -> Code:
    left, kind = g.value(node.left, scope)
    left = g.boolean(left, kind, node.at)

    def write_right() -> str:
        right, right_kind = g.value(node.right, scope)
        return g.boolean(right, right_kind, node.at)

    lines, right = g.aside(write_right)
    if not lines and (left + right).count("(") < _MAX_PARENTHESES:
        if node.operator == "->":
            return f"(not {left} or {right})", "bool"
        return f"({left} {'and' if node.operator == '&&' else 'or'} {right})", "bool"
    result = f"_{g.number()}"
    g.emit(f"{result} = {'not ' if node.operator == '->' else ''}{left}")
    g.emit(f"if {result}:" if node.operator == "&&" else f"if not {result}:")
    g.emit_block(lines)
    g.buffer.indent += 1
    g.emit(f"{result} = {right}")
    g.buffer.indent -= 1
    return result, "bool"


def _write_equality(g: Generator, node: Binary, scope: Scope | None) -> Code:
    operator = node.operator
    is_equal = operator == "=="
    for subject, constant in ((node.left, node.right), (node.right, node.left)):
        if isinstance(constant, Literal):
            if isinstance(constant.value, str):
                return f"({g.stored_value(subject, scope)[0]} {operator} {constant.value!r})", "bool"
            if isinstance(constant.value, int) and constant.value < 2**53:
                return _compare_with_int(g.stored_value(subject, scope)[0], constant.value, is_equal), "bool"
        elif isinstance(constant, Variable) and constant.name in _SINGLETONS and g.is_global(scope, constant.name):
            value = g.stored_value(subject, scope)[0]
            return f"({value} {'is' if is_equal else 'is not'} {_SINGLETONS[constant.name]})", "bool"
        elif isinstance(constant, ListNode) and not constant.members:
            return f"({g.stored_value(subject, scope)[0]} {operator} ())", "bool"
        elif isinstance(constant, Attrs) and not constant.definitions and not constant.dynamic:
            value = g.stored_value(subject, scope)[0]
            g.at = node.at
            test = f"(not {value} if type({value}) is dict else equal_values({value}, {{}}))"
            return test if is_equal else f"(not {test})", "bool"
    left = g.stored_value(node.left, scope)[0]
    right = g.stored_value(node.right, scope)[0]
    g.at = node.at
    test = f"{left} == {right} if type({left}) is type({right}) is str else equal_values({left}, {right})"
    result = g.store(f"({test})")
    return result if is_equal else f"(not {result})", "bool"


def _compare_with_int(value: str, number: int, is_equal: bool) -> str:
    # In Python True == 1 and False == 0.
    if number > 1:
        return f"({value} {'==' if is_equal else '!='} {number})"
    test = f"{value} == {number} and type({value}) is not bool"
    return f"({test})" if is_equal else f"(not ({test}))"


def _are_ints(*operands: Code) -> str:
    return " and ".join(f"type({expression}) is int" for expression, kind in operands if kind != "int") or "True"


def _write_arithmetic(g: Generator, operator: str, one: Code, two: Code) -> Code:
    (left, left_kind), (right, right_kind) = one, two
    function = _NUMBERS[operator]
    if operator == "+" and "str" in {left_kind, right_kind}:
        unsure = [f"type({expression}) is str" for expression, kind in (one, two) if kind != "str"]
        if not unsure:
            return f"({left} + {right})", "str"
        return g.store(f"{left} + {right} if {' and '.join(unsure)} else add({left}, {right})"), None
    result = f"_{g.number()}"
    if operator == "+" and "int" not in {left_kind, right_kind}:
        g.emit(f"if type({left}) is type({right}) is int:")
        g.emit(f" {result} = {left} + {right}")
        g.emit(f" if not {_IN_RANGE.format(result)}: raise_overflow('+', {left}, {right})")
        g.emit(f"else: {result} = {left} + {right} if type({left}) is type({right}) is str else add({left}, {right})")
        return result, None
    g.emit(f"if {_are_ints(one, two)}:")
    g.buffer.indent += 1
    g.emit(f"{result} = {left} {operator} {right}")
    g.emit(f"if not {_IN_RANGE.format(result)}: raise_overflow({operator!r}, {left}, {right})")
    g.buffer.indent -= 1
    g.emit(f"else: {result} = {function}({left}, {right})")
    return result, "int" if left_kind == right_kind == "int" else None


def _write_comparison(g: Generator, operator: str, one: Code, two: Code) -> Code:
    left, right = one[0], two[0]
    slow = {
        "<": f"less_than({left}, {right})",
        ">": f"less_than({right}, {left})",
        "<=": f"not less_than({right}, {left})",
        ">=": f"not less_than({left}, {right})",
    }[operator]
    return f"({left} {operator} {right} if {_are_ints(one, two)} else {slow})", "bool"
