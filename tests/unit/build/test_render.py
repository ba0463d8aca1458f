"""Filters: each escapes for one syntax."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osconf.build import render
from osconf.build.render import RenderError, render_template


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_shell_quote_is_read_back(text: str) -> None:
    assert shlex.split(render.shell_quote(text)) == [text]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("unit_value", True, "true"),
        ("unit_value", "a %i\\\n b\n", "a %i\\\n b"),
        ("specifier_free", "50%", "50%%"),
        ("unit_text", "a\nb\n\nc", "a \\\n  b \\\n  c"),
        ("systemd_quote", 'a "b" %\\', '"a \\"b\\" %%\\\\"'),
        ("systemd_exec_quote", "$HOME", '"$$HOME"'),
        ("systemd_environment", {"B": "2 3", "A": 1}, ['"A=1"', '"B=2 3"']),
        ("systemd_escape", ".a/b-c", "\\x2ea-b\\x2dc"),
        ("systemd_escape_path", "/dev/disk/", "dev-disk"),
        ("systemd_escape_path", "/", "-"),
        ("fstab_octal", "a b\t#\\", "a\\040b\\011\\043\\134"),
        ("shell_join", ["a b", "c"], "'a b' c"),
        ("shell_double_quote", '$HOME "x" `y`', '"$HOME \\"x\\" \\`y\\`"'),
        ("grub_quote", "it's", "'it'\\''s'"),
        ("iptables_safe", "10.0.0.0/8", "10.0.0.0/8"),
        ("iptables_comment", 'a "b"\nc', '"a b c"'),
        ("one_line", "a\nb", "a b"),
        ("ini_value", [True, "x"], "true x"),
        ("yes_no", 1, "yes"),
        ("to_json", {"b": 1, "a": [None]}, '{"a": [null], "b": 1}'),
        ("tmpfiles_path", "/var/a b", '"/var/a b"'),
        ("pam_env_value", 'a"b', '"a\\"b"'),
    ],
)
def test_filters(name: str, value: object, expected: object) -> None:
    assert render.FILTERS[name](value) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit_value", "a\nb"), ("iptables_safe", "a; b"), ("single_line", "a\nb"), ("pam_env_value", "a\nb")],
)
def test_what_cannot_be_written_is_refused(name: str, value: str) -> None:
    with pytest.raises(RenderError):
        render.FILTERS[name](value)


def test_missing_data_are_errors() -> None:
    with pytest.raises(RenderError, match="template 't': 'x' is undefined"):
        render_template("{{ x }}", {}, label="t")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("\n{{ 1 / 0 }}", "template 'x', line 2: ZeroDivisionError: division by zero"),
        ("{{ 'a' + 1 }}", "template 'x', line 1: can only concatenate str"),
        ("\n\n{{ 5 | systemd_environment }}", "line 3: AttributeError"),
        ("{{ ['a\nb'][0] | unit_value }}", "template 'x', line 2: a unit value cannot hold a line break"),
        ("{{ 9 ** (9 ** 9) }}", "template 'x', line 1: a number of more than 10000 bits"),
        (
            "{% set n = namespace(x=9) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
            "template 'x', line 1: a number of more than 10000 bits",
        ),
    ],
)
def test_what_cannot_be_computed_is_told_with_its_line(template: str, said: str) -> None:
    with pytest.raises(RenderError) as caught:
        render_template(template, {}, label="x")
    assert said in caught.value.message


def test_numbers_are_computed() -> None:
    template = "{{ 3 * 4 }} {{ 'a' * 3 }} {{ 2 ** 0.5 }} {{ 2 ** -1 }} {{ 7 ** 3 }} {{ 2 ** 64 }}"
    assert render_template(template, {}, label="x") == "12 aaa 1.4142135623730951 0.5 343 18446744073709551616"
