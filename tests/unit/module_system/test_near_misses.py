"""Typos in open sets are told, without being mistakes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from osconf.module_system.near_misses import is_near

sys.path.insert(0, str(Path(__file__).parents[2] / "modules"))
from module_language import evaluate


@pytest.mark.parametrize(
    ("name", "other", "near"),
    [
        ("PermitRootLogn", "PermitRootLogin", True),
        ("PermitRootLoginn", "PermitRootLogin", True),
        ("PermitRootLogni", "PermitRootLogin", True),
        ("permitrootlogin", "PermitRootLogin", True),
        ("wmem_max", "rmem_max", False),
        ("server1", "server", False),
        ("server", "server", False),
        ("address", "port", False),
    ],
)
def test_near_names(name: str, other: str, near: bool) -> None:
    assert is_near(name, other) is near
    assert is_near(other, name) is near


def warned(settings: str, capfd: pytest.CaptureFixture[str]) -> str:
    evaluate(f"""
    let lib = import <osconf/lib>; in (lib.evalModules {{ modules = [
      {{
        options.settings = lib.mkOption {{ default = {{ }}; type = lib.types.submodule {{
          freeformType = lib.types.attrsOf lib.types.anything;
          options.workers = lib.mkOption {{ type = lib.types.int; default = 1; }};
          options.log.level = lib.mkOption {{ type = lib.types.str; default = "info"; }};
        }}; }};
      }}
      {{ settings = {settings}; }}
    ]; }}).config""")
    return capfd.readouterr().err


def test_typo_in_an_open_set_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    said = warned("{ wokers = 2; other = 1; }", capfd)
    assert said.count("`settings.wokers'") == 1
    assert "did you mean `settings.workers'?" in said
    assert "other" not in said


def test_typo_below_an_option_set_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert "did you mean `settings.log.level'?" in warned('{ log.levle = "x"; }', capfd)


def test_free_names_are_free(capfd: pytest.CaptureFixture[str]) -> None:
    assert warned("{ threads = 2; logs = 1; }", capfd) == ""
