"""All mistakes of a configuration are found in one go."""

from __future__ import annotations

from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.world import PureWorld
from osconf.module_system.check import find_mistakes
from osconf.module_system.primops import MODULE_PRIMOPS

CONFIGURATION = """
let
  lib = import <osconf/lib>;
  inherit (lib) types mkOption;
  user = types.submodule { options.shell = mkOption { type = types.str; }; };
in lib.evalModules { modules = [
  {
    _file = "system.nix";
    options.a = mkOption { type = types.int; };
    options.b.c = mkOption { type = types.listOf types.str; };
    options.users = mkOption { type = types.attrsOf user; };
    options.theirs = mkOption { type = types.int; };
    config.theirs = "wrong, but not mine";
  }
  {
    _file = "mine.nix";
    a = "one";
    b.c = [ "x" 2 ];
    users.alice.shell = 3;
    users.bob.shel = "x";
    nothing = 1;
  }
]; }
"""


def test_every_mistake_of_mine_is_found() -> None:
    def work() -> list[str]:
        result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(CONFIGURATION)
        return [error.message.split("\n")[0] for error in find_mistakes(result, lambda file: file == "mine.nix")]

    assert [message.replace("its value is ", "")[:60] for message in run_deep(work)] == [
        "the option `a' must be a signed integer, but a string:",
        "entry 2 of the option `b.c' must be a string, but an integer",
        "the option `users.alice.shell' must be a string, but an inte",
        "the option `users.bob.shel' does not exist",
        "the option `nothing' does not exist",
    ]


INSIDE = """
let
  lib = import <osconf/lib>;
  inherit (lib) types mkOption;
  place = types.submodule { options.port = mkOption { type = types.port; }; };
  host = types.submodule {
    options.name = mkOption { type = types.str; default = ""; };
    options.places = mkOption { type = types.attrsOf place; default = { }; };
  };
in lib.evalModules { modules = [
  {
    options.hosts = mkOption { type = types.attrsOf host; };
    options.list = mkOption { type = types.listOf host; };
    options.one = mkOption { type = types.nullOr host; };
  }
  {
    hosts.a = { nam = "x"; name = 3; places."/" = { prt = 1; port = "y"; }; };
    hosts.b.name = 4;
    list = [ { nam = 1; name = 5; } { name = 6; } ];
    one.places.x.port = "z";
  }
]; }
"""


def test_mistakes_inside_of_submodules_do_not_hide_each_other() -> None:
    def work() -> list[str]:
        result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(INSIDE)
        return [error.message.split("\n")[0].partition(" must be")[0] for error in find_mistakes(result)]

    assert run_deep(work) == [
        "the option `hosts.a.nam' does not exist",
        "the option `hosts.a.name'",
        'the option `hosts.a.places."/".prt\' does not exist',
        'the option `hosts.a.places."/".port\'',
        "the option `hosts.b.name'",
        "`nam' in entry 1 of the option `list' does not exist",
        "`name' in entry 1 of the option `list'",
        "`name' in entry 2 of the option `list'",
        "the option `one.places.x.port'",
    ]


def test_a_circle_through_a_submodule_is_told_once() -> None:
    text = """
      let lib = import <osconf/lib>; in lib.evalModules { modules = [
        {
          options.users = lib.mkOption {
            type = lib.types.attrsOf (lib.types.submodule {
              options.name = lib.mkOption { type = lib.types.str; };
              options.home = lib.mkOption { type = lib.types.str; };
            });
          };
        }
        ({ config, ... }: { users.a = { home = "/h/${config.users.a.name}"; name = config.users.a.home; }; })
      ]; }
    """

    def work() -> list[str]:
        result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text)
        return [error.message.split("\n")[0] for error in find_mistakes(result)]

    assert run_deep(work) == ["options depend on each other in a circle:"]


def test_what_a_variant_repeats_is_told_once() -> None:
    text = """
      let lib = import <osconf/lib>; in lib.evalModules { modules = [
        ({ lib, extendModules, ... }: {
          options.a = lib.mkOption { type = lib.types.int; };
          options.variants = lib.mkOption {
            type = lib.types.attrsOf (lib.types.submodule {
              options.of = lib.mkOption {
                inherit (extendModules { modules = [ { variants = lib.mkOverride 0 { }; } ]; }) type;
              };
            });
          };
        })
        { a = "one"; variants.x.of = { b = 1; }; }
      ]; }
    """

    def work() -> list[str]:
        result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text)
        return [error.message.split("\n")[0].partition(" must be")[0] for error in find_mistakes(result)]

    assert run_deep(work) == ["the option `a'", "the option `variants.x.of.b' does not exist"]
