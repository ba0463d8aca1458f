"""What the text of a module tells: its outline, and which modules have none."""

from __future__ import annotations

import pytest

from osconf.lang.parser import parse
from osconf.lang.source import Source
from osconf.module_system.outline import OPTION, Outline, Tree, outline_module

USUAL = """
{ config, lib, ... }:
let
  inherit (lib) mkIf;
  cfg = config.services.x;
in
{
  options.services.x = {
    enable = lib.mkEnableOption "x";
    deep.port = lib.mkOption { type = lib.types.port; default = 1; };
    made = lib.genAttrs [ "a" ] (_: lib.mkOption { });
  };
  config = mkIf (cfg.enable && cfg.deep.port > 0) {
    ports = [ cfg.deep.port ];
    services.x.deep.port = 7;
    users.${cfg.name}.groups = [ ];
  };
}
"""


def outline(text: str) -> Outline | None:
    return outline_module(parse(Source("module", text)))


def names(tree: Tree | str | None) -> object:
    """A tree without its offsets."""
    return {name: names(inner) for name, (_, inner) in tree.items()} if isinstance(tree, dict) else tree


def test_a_module_under_its_own_switch_has_an_outline() -> None:
    found = outline(USUAL)
    assert found is not None
    assert names(found.options) == {
        "services": {"x": {"enable": OPTION, "deep": {"port": OPTION}, "made": None}},
    }
    (part,) = found.parts
    assert part.switch == ("services", "x", "enable")
    assert names(part.tree) == {"ports": None, "services": {"x": {"deep": {"port": None}}}, "users": None}
    assert found.closed == (("services",), ("services", "x"), ("services", "x", "deep"))


def test_offsets_are_those_of_the_attributes() -> None:
    found = outline(USUAL)
    assert found is not None
    assert USUAL[found.parts[0].tree["ports"][0] :].startswith("ports = [")


@pytest.mark.parametrize(
    ("declared", "condition", "is_known"),
    [
        ("type = types.attrsOf types.int; default = { };", "config.a.b != { }", True),
        ("type = types.listOf types.int; default = [ ];", "config.a.b != [ ] && config.c", True),
        ("type = types.bool; default = false;", "config.a.b != false", True),
        # These may hold although nobody sets the option, or their types are not known for sure.
        ("type = types.attrsOf types.int; default = { };", "config.a.b != [ ]", False),
        ("type = types.attrsOf types.int; default = { };", "config.a.b == { }", False),
        ("type = types.attrsOf types.int; default = { };", "{ } != config.a.b", False),
        ("type = types.attrsOf types.int; default.x = 1;", "config.a.b != { }", False),
        ("type = types.listOf types.int; default = [ 1 ];", "config.a.b != [ ]", False),
        ("type = types.submodule { }; default = { };", "config.a.b != { }", False),
        ("type = types.attrsOf types.int; default = { }; apply = x: x;", "config.a.b != { }", False),
    ],
)
def test_an_option_that_is_empty_unless_set_is_a_switch(declared: str, condition: str, is_known: bool) -> None:
    found = outline(
        f"""{{ config, lib, ... }}: let inherit (lib) types; in {{
          options.a.b = lib.mkOption {{ {declared} }};
          config = lib.mkIf ({condition}) {{ x = 1; }};
        }}"""
    )
    assert (found is not None) == is_known
    assert found is None or found.parts[0].switch == ("a", "b")


def test_several_parts_each_have_their_switch() -> None:
    found = outline(
        """{ config, lib, ... }: with lib; {
          options.a.on = mkEnableOption "a";
          options.b = mkOption { type = types.bool; default = false; };
          config = mkMerge [ (mkIf config.a.on { x = 1; }) (mkIf config.b { y = 2; }) ];
          meta.maintainers = [ ];
        }"""
    )
    assert found is not None
    assert [part.switch for part in found.parts] == [("a", "on"), ("b",)]
    assert names(found.meta) == {"maintainers": None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("config, lib, ... }", "config, lib }"),
        ("config, lib, ... }", "config, lib, ... }@arguments"),
        ("config, lib, ... }", "config, lib, port ? 1, ... }"),
        ("in\n{", "in\nrec {"),
        ("in\n{", "in\nassert true; {"),
        ("in\n{", "in\n{ imports = [ ];"),
        ("in\n{", "in\n{ ${cfg.name} = 1;"),
        ('mkEnableOption "x"', "mkOption { type = lib.types.bool; default = true; }"),
        ('mkEnableOption "x"', "mkOption { type = lib.types.bool; default = false; apply = x: true; }"),
        ('mkEnableOption "x"', "mkOption { type = lib.types.str; default = false; }"),
        ('mkEnableOption "x"', 'mkEnableOption "x" // { default = true; }'),
        ("mkIf (cfg", "mkIf (!cfg"),
        ("mkIf (cfg", "mkIf (true || cfg"),
        ("cfg = config.services.x", "cfg = config.services.y"),
        ("inherit (lib) mkIf", "mkIf = condition: content: content"),
        ("inherit (lib) mkIf", "inherit (import ./own.nix) mkIf"),
        ("ports = [ cfg.deep.port ]", "services.x.enable = true"),
        ("ports = [ cfg.deep.port ]", "_module.args.a = 1"),
        ("config = mkIf (cfg.enable && cfg.deep.port > 0) {", "config = mkIf cfg.enable rec {"),
        ("config = mkIf (cfg.enable && cfg.deep.port > 0) {", "config = {"),
        ("config = mkIf (cfg.enable && cfg.deep.port > 0) {", "config = lib.optionalAttrs cfg.enable {"),
    ],
)
def test_whatever_must_be_read_has_none(before: str, after: str) -> None:
    assert before in USUAL
    assert outline(USUAL.replace(before, after)) is None


def test_a_name_may_come_from_one_opened_set_only() -> None:
    text = '{ config, lib, ... }: with lib; with lib.types; { options.a = mkEnableOption "a"; }'
    found = outline(text)
    assert found is not None
    assert names(found.options) == {"a": None}
    opened_once = outline(text.replace("with lib.types; ", ""))
    assert opened_once is not None
    assert names(opened_once.options) == {"a": OPTION}


def test_a_set_with_an_unknown_name_is_not_closed() -> None:
    found = outline(USUAL.replace("services.x.deep.port = 7", "services.x.deep.prot = 7"))
    assert found is not None
    assert found.closed == ()
