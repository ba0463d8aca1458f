"""Assertions are told at the user's line; definitions that nobody read are told when their set is off."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from osconf.lang.runtime import force
from osconf.lang.values import Value
from osconf.module_system.assertions import failed_assertions
from osconf.module_system.documentation import root_of
from osconf.module_system.unread import ineffective_definitions

sys.path.insert(0, str(Path(__file__).parents[2] / "modules"))
from module_language import with_value

T = TypeVar("T")

OPTIONS = """{ lib, config, ... }: {
  options.assertions = lib.mkOption { type = lib.types.listOf lib.types.unspecified; default = [ ]; };
  options.web = {
    enable = lib.mkEnableOption "the web";
    hosts = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
    port = lib.mkOption { type = lib.types.port; default = 80; };
  };
  options.out = lib.mkOption { type = lib.types.str; };
  config.out = lib.optionalString config.web.enable (toString config.web.hosts.a);
}"""


def on(module: str, use: Callable[[Value], T]) -> T:
    text = f"let lib = import <osconf/lib>; in lib.evalModules {{ modules = [ ({OPTIONS})\n{module}\n]; }}"
    return with_value(text, lambda _, value: use(force(value)))


def told(module: str) -> list[tuple[str, int | None]]:
    return on(
        module,
        lambda value: [(e.message, e.position.line if e.position else None) for e in failed_assertions(value)],
    )


FIRST = OPTIONS.count("\n") + 2  # the line of the module


def test_assertion_is_told_where_it_was_written() -> None:
    module = """{ assertions = [
      { assertion = true; message = "fine"; }
      { assertion = false; message = "not fine"; }
    ]; }"""
    assert told(module) == [("not fine", FIRST + 2)]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("web.port is taken", 1),
        ("web.hosts.a must not be empty", 2),
        ("web.nothing and web.hosts do not agree", 2),
        ("nobody.knows this", None),
        ("web.far.away.option is missing, and so is web.other", 1),
        ("set web.far.away.option", None),
    ],
)
def test_assertion_is_told_at_the_option_that_it_names(message: str, line: int | None) -> None:
    # The assertion is made by a function of builtins, so it has no place of its own.
    module = f"""{{ web.port = 81;
      web.hosts.a = "";
      assertions = map builtins.fromJSON [ (builtins.toJSON {{ assertion = false; message = "{message}"; }}) ];
    }}"""
    assert told(module) == [(message, None if line is None else FIRST + line - 1)]


def ineffective(module: str, *variants: str) -> list[str]:
    def use(value: Value) -> list[str]:
        force(force(value["config"])["out"])
        found = {}
        for number, _ in enumerate(variants):
            variant = force(force(value["config"])["variants"])[number]
            force(force(force(variant)["config"])["out"])
            found[f"v{number}"] = root_of(variant)
        return ineffective_definitions(root_of(value), found)

    added = "\n".join(f"(extendModules {{ modules = [ {variant} ]; }})" for variant in variants)
    variant_module = (
        f"({{ lib, extendModules, ... }}: {{ options.variants = lib.mkOption {{ default = [ {added} ]; }}; }})"
    )
    return on(f"{module}\n{variant_module}", use)


def test_definitions_below_a_disabled_set_are_told() -> None:
    (text,) = ineffective('{ web.hosts.a = "x"; }')
    assert text.startswith("web.enable is false, so these definitions have no effect: web.hosts (")


def test_definitions_that_are_read_or_conditional_are_not_told() -> None:
    assert ineffective('{ web = { enable = true; hosts.a = "x"; }; }') == []
    assert ineffective("({ lib, ... }: { web.hosts = lib.mkIf false { a = lib.mkDefault 1; }; })") == []
    assert ineffective("{ web.enable = false; }") == []


def test_what_a_variant_switches_on_is_not_told() -> None:
    unused = '{ web.hosts.a = "x"; web.port = 81; }'
    (text,) = ineffective(unused, "{ }")
    assert "web.hosts (" in text
    assert "web.port (" in text
    assert ineffective(unused, "{ web.enable = true; }", "{ }") == []


def test_what_only_a_variant_defines_is_told_of_it() -> None:
    (text,) = ineffective("{ }", '{ web.hosts.b = "y"; }')
    assert text.startswith("web.enable is false in specialisation.v0, so these definitions have no effect: web.hosts (")
    # What the variant switches off has its effect in the system that it stands in.
    assert (
        ineffective(
            '{ web = { enable = true; hosts.a = "x"; }; }', "({ lib, ... }: { web.enable = lib.mkForce false; })"
        )
        == []
    )
