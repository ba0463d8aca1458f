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
