"""How long the module system takes: 300 modules, 3 000 options, 1 000 submodules; and that time grows with size."""

from __future__ import annotations

import time

import pytest

from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.world import PureWorld
from osconf.module_system.primops import MODULE_PRIMOPS

CONFIGURATION = """
scale:
let
  lib = import <osconf/lib>;
  inherit (lib) mkOption types;
  module = i: { config, lib, ... }: {
    options.services."s${toString i}" = lib.genAttrs (map (j: "o${toString j}") (lib.range 1 10))
      (_: mkOption { type = types.int; default = i; description = "A number."; });
    config = lib.mkIf true { services."s${toString i}".o1 = i + 1; list = [ "m${toString i}" ]; };
  };
  user = { name, config, ... }: {
    options = {
      name = mkOption { type = types.str; default = name; };
      home = mkOption { type = types.path; default = "/home/${config.name}"; };
      shell = mkOption { type = types.nullOr types.str; default = null; };
      groups = mkOption { type = types.listOf types.str; default = [ ]; };
      uid = mkOption { type = types.nullOr types.int; default = null; };
    };
  };
  member = i: lib.nameValuePair "u${toString i}" { groups = [ "wheel" ]; uid = i; };
  base = {
    options.users = mkOption { default = { }; type = types.attrsOf (types.submodule user); };
    options.list = mkOption { type = types.listOf types.str; };
    config.users = lib.listToAttrs (map member (lib.range 1 (1000 * scale)));
  };
  evaluated = lib.evalModules { modules = [ base ] ++ map module (lib.range 1 (300 * scale)); };
in
builtins.stringLength (builtins.toJSON evaluated.config)
"""
BOUND = 0.6


def measure(scale: int) -> float:
    """Seconds of processor time for one evaluation."""

    def work() -> float:
        evaluator = Evaluator(PureWorld(), internal=MODULE_PRIMOPS)
        function = evaluator.eval_text(CONFIGURATION)
        started = time.thread_time()
        assert evaluator.call(function, scale) > 0
        return time.thread_time() - started

    return run_deep(work)


@pytest.mark.slow
def test_big_configuration_is_quick() -> None:
    assert min(measure(1) for _ in range(3)) < BOUND


@pytest.mark.slow
def test_time_grows_with_size() -> None:
    once, more = min(measure(1) for _ in range(2)), measure(4)
    assert more < 8 * once
