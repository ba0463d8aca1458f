"""Modules that are read later: nobody can tell, but for the files that are not read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osconf.errors import OsconfError
from osconf.lang.evaluator import EvalSettings, Evaluator, run_deep
from osconf.lang.world import PureWorld
from osconf.module_system.primops import MODULE_PRIMOPS
from tests.bench.big_configuration import write_configuration

MODULE = """\
{ config, lib, ... }:
{
  options.services.NAME = {
    enable = lib.mkEnableOption "NAME";
    port = lib.mkOption { type = lib.types.port; default = 1000; };
  };
  config = lib.mkIf config.services.NAME.enable {
    BODY
  };
}
"""


class CountingWorld(PureWorld):
    """Notes which files are read."""

    def __init__(self) -> None:
        super().__init__()
        self.files: set[str] = set()

    def read_file(self, path: str) -> bytes:
        self.files.add(Path(path).name)
        return super().read_file(path)


class Configuration:
    """A folder of modules and the root that imports them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "modules"
        self.cache = folder / "cache"
        self.folder.mkdir()
        self.read: set[str] = set()

    def module(self, name: str, body: str = "", text: str = MODULE) -> None:
        """Write a module, as if some time ago."""
        path = self.folder / f"{name}.nix"
        path.write_text(text.replace("NAME", name).replace("BODY", body))

    def evaluate(self, settings: str, value: str = "config.ports", *, cached: bool = True) -> Any:
        """The JSON of a value, or the message of what is wrong."""
        imports = " ".join(f"./{path.name}" for path in sorted(self.folder.glob("*.nix")))
        text = f"""
          let
            lib = import <osconf/lib>;
            evaluated = lib.evalModules {{
              modules = [ {imports} {{
                options.ports = lib.mkOption {{ type = lib.types.listOf lib.types.port; default = [ ]; }};
                config = {settings};
              }} ];
            }};
          in builtins.toJSON (with evaluated; {value})
        """
        world = CountingWorld()

        def work() -> str:
            evaluator = Evaluator(
                world, internal=MODULE_PRIMOPS, settings=EvalSettings(cache_dir=self.cache if cached else None)
            )
            return str(evaluator.eval_text(text, base_dir=str(self.folder)))

        try:
            return run_deep(work)
        except OsconfError as error:
            # Which module's text is the one with a mistake is told in the same words.
            return f"{error.code}: {error.message} at {error.position} hint {error.hint}"
        finally:
            self.read = {name.removesuffix(".nix") for name in world.files}

    def compare(self, settings: str, value: str = "config.ports") -> str:
        """The outcome, which is the same with outlines and without."""
        plain = self.evaluate(settings, value, cached=False)
        self.evaluate(settings, value)
        self.wait()
        self.evaluate(settings, value)
        later = self.evaluate(settings, value)
        assert later == plain
        return str(later)

    def wait(self) -> None:
        """Let the files be older than a clock can err: their index notes when it looked."""
        for path in self.folder.glob("*.nix"):
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10**10))


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    # What a file system tells of a change (ctime) cannot be set: here any change counts as long ago.
    monkeypatch.setattr("osconf.module_system.outline_index._FINE", -(10**18))
    monkeypatch.setattr("osconf.module_system.outline_index._COARSE", -(10**18))
    return Configuration(tmp_path)


def test_a_module_that_nobody_enables_is_not_read(configuration: Configuration) -> None:
    for name in ("a", "b", "c"):
        configuration.module(name, f"ports = [ config.services.{name}.port ];")
    assert configuration.compare("{ services.b.enable = true; }") == "[1000]"
    assert configuration.read & {"a", "b", "c"} == {"b"}


def test_reading_an_option_reads_its_module(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    configuration.module("b", "ports = [ 2 ];")
    assert configuration.compare("{ }", "config.services.a") == '{"enable":false,"port":1000}'
    assert "b" not in configuration.read


def test_modules_enable_each_other(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ]; services.b.enable = true;")
    configuration.module("b", "ports = [ 2 ]; services.c.enable = lib.mkDefault true;")
    configuration.module("c", "ports = [ 3 ];")
    configuration.module("d", "ports = [ 4 ];")
    assert sorted(configuration.compare("{ services.a.enable = true; }")) == sorted("[3,2,1]")
    assert "d" not in configuration.read
    assert configuration.compare("{ services.b.enable = false; services.a.enable = true; }").startswith("conflict")


def test_a_module_enables_a_part_of_itself(configuration: Configuration) -> None:
    text = """
        { config, lib, ... }: {
          options.first.enable = lib.mkEnableOption "first";
          options.second.part.enable = lib.mkEnableOption "second";
          config = lib.mkMerge [
            (lib.mkIf config.first.enable { second.part.enable = true; })
            (lib.mkIf config.second.part.enable { ports = [ 4242 ]; })
          ];
        }
    """
    configuration.module("both", text=text)
    assert configuration.compare("{ first.enable = true; }") == "[4242]"
    assert configuration.compare("{ }") == "[]"


def test_what_is_empty_unless_set_is_a_switch(configuration: Configuration) -> None:
    text = """
        { config, lib, ... }: {
          options.NAME.all = lib.mkOption { type = lib.types.attrsOf lib.types.port; default = { }; };
          config = lib.mkIf (config.NAME.all != { }) { ports = lib.attrValues config.NAME.all; };
        }
    """
    for name in ("a", "b"):
        configuration.module(name, text=text)
    assert configuration.compare("{ a.all.x = 8; }") == "[8]"
    assert configuration.read & {"a", "b"} == {"a"}
    assert configuration.compare("{ a.all = { }; }") == "[]"


def test_sets_of_options_may_be_shared_by_unread_modules(configuration: Configuration) -> None:
    """Modules that declare below the same set are not read, unless one of them says something of another."""
    for name in ("a", "b", "c"):
        configuration.module(name, f"ports = [ config.services.{name}.port ]; services.{name}.port = 9;")
    assert configuration.compare("{ }") == "[]"
    assert configuration.read & {"a", "b", "c"} == set()
    configuration.module("c", "ports = [ 1 ]; services.a.enable = true; services.a.port = lib.mkForce 2;")
    assert configuration.compare("{ services.c.enable = true; }") == "[1,2]"
    assert configuration.compare("{ }") == "[]"
    configuration.module("c", "services.zz = 3;")
    assert "services.zz' does not exist" in configuration.compare("{ }")
    configuration.module("c", text=MODULE.replace("services.NAME", "services.a"))
    for enabled in ("a", "b"):
        assert "services.a" in configuration.compare(f"{{ services.{enabled}.enable = true; }}")


def test_definitions_below_conditions_count(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ config.services.a.port ];")
    assert configuration.compare("lib.mkIf (1 == 1) { services = lib.mkForce { a.enable = true; }; }") == "[1000]"
    assert configuration.compare("{ services.a = lib.mkIf false { enable = true; }; }") == "[]"
    assert configuration.compare("{ services.a.port = 7; }") == "[]"


@pytest.mark.parametrize(
    "body",
    [
        "prots = [ 1 ];",
        "services.a.prot = 1;",
        "services.other.enable = true;",
        "services.a.port.deeper = 1;",
        "ports.deeper = [ 1 ];",
    ],
)
def test_mistakes_in_unread_modules_are_told(configuration: Configuration, body: str) -> None:
    configuration.module("a", body)
    configuration.module("b", "ports = [ 2 ];")
    for setting in ("{ }", "{ services.b.enable = true; }", "{ services.a.enable = true; }"):
        configuration.compare(setting)
    told = configuration.compare("{ services.b.enable = true; }")
    assert ("unknown-option" in told) == ("deeper" not in body)


def test_two_modules_may_share_a_set(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    more = (
        "{ lib, ... }: { options.services.a.extra = lib.mkOption { default = 5; }; config.services.a.enable = true; }"
    )
    configuration.module("more", text=more)
    assert configuration.compare("{ }", "{ inherit (config) ports; inherit (config.services.a) extra; }") == (
        '{"extra":5,"ports":[1]}'
    )


def test_an_option_that_another_module_declares_too_is_evaluated(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    other = "{ lib, ... }: { options.services.a.enable = lib.mkOption { type = lib.types.bool; }; }"
    configuration.module("other", text=other)
    assert configuration.compare("{ services.a.enable = true; }") == "[1]"
    assert configuration.compare("{ }") == "[]"


def test_disabled_modules_are_out(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    configuration.module("out", text="{ disabledModules = [ ./a.nix ]; }")
    assert "unknown-option" in configuration.compare("{ services.a.enable = true; }")


def test_a_changed_module_is_read_anew(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    assert configuration.compare("{ }") == "[]"
    always = '{ lib, ... }: { options.services.a.enable = lib.mkEnableOption "a"; config.ports = [ 9 ]; }'
    configuration.module("a", text=always)
    assert configuration.evaluate("{ }") == "[9]"
    assert configuration.compare("{ }") == "[9]"


def test_a_file_that_just_changed_is_not_trusted(tmp_path: Path) -> None:
    configuration = Configuration(tmp_path)
    configuration.module("a", "ports = [ 1 ];")
    for _ in range(2):
        configuration.evaluate("{ }")
    before = configuration.folder / "a.nix"
    text = before.read_text()
    changed = text.replace("config = lib.mkIf config.services.a.enable", "config = lib.mkIf (1 == 1 || config.x.y)")
    before.write_text(changed + " " * (len(text) - len(changed)) if len(changed) < len(text) else changed)
    assert configuration.evaluate("{ }") == "[1]"


def test_positions_are_those_of_the_text(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    told = configuration.compare("{ }", 'builtins.unsafeGetAttrPos "enable" options.services.a')
    assert re.search(r'"line":4', told) or told == "null"
    declared = configuration.compare("{ }", "options.services.a.port.declarationPositions")
    assert '"line":5' in declared


def test_the_large_configuration_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osconf.module_system.outline_index._FINE", -(10**18))
    monkeypatch.setattr("osconf.module_system.outline_index._COARSE", -(10**18))
    root = write_configuration(tmp_path / "big", 20, 30)

    def evaluate(cache: Path | None) -> tuple[str, int]:
        world = CountingWorld()

        def work() -> str:
            evaluator = Evaluator(world, internal=MODULE_PRIMOPS, settings=EvalSettings(cache_dir=cache))
            return str(evaluator.eval_text(f"import {root} {{ lib = import <osconf/lib>; }}"))

        return run_deep(work), len(world.files)

    plain, _ = evaluate(None)
    runs = [evaluate(tmp_path / "cache") for _ in range(2)]
    assert [value for value, _ in runs] == [plain, plain]
    assert runs[1][1] < runs[0][1]


NAMES = ("a", "b", "c")
BODIES = st.lists(
    st.one_of(
        st.sampled_from(NAMES).map(lambda name: f"services.{name}.enable = true;"),
        st.sampled_from(NAMES).map(lambda name: f"services.{name}.enable = lib.mkDefault false;"),
        st.sampled_from(NAMES).map(lambda name: f"services.{name}.port = lib.mkDefault 5;"),
        st.sampled_from(["services.a.unknown = 1;", "services.zz = { };", "ports = lib.mkBefore [ 8 ];"]),
    ),
    max_size=2,
    unique_by=lambda line: line.split(" = ")[0],
)
SHAPES = st.sampled_from(
    [
        MODULE,
        MODULE.replace("lib.mkIf config.services.NAME.enable {", "lib.mkIf (config.services.NAME.enable && true) {"),
        MODULE.replace("lib.mkIf config.services.NAME.enable {", "{"),
        MODULE.replace(
            "lib.mkIf config.services.NAME.enable {", "lib.mkMerge [ (lib.mkIf config.services.NAME.enable {"
        ).replace("  };\n}", "  }) ];\n}"),
    ]
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    modules=st.fixed_dictionaries({name: st.tuples(SHAPES, BODIES) for name in NAMES}),
    enabled=st.sets(st.sampled_from(NAMES)),
)
def test_nobody_can_tell(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    modules: dict[str, tuple[str, list[str]]],
    enabled: set[str],
) -> None:
    monkeypatch.setattr("osconf.module_system.outline_index._FINE", -(10**18))
    monkeypatch.setattr("osconf.module_system.outline_index._COARSE", -(10**18))
    configuration = Configuration(tmp_path_factory.mktemp("modules"))
    for name, (shape, body) in modules.items():
        own = [] if "ports" in str(body) else [f"ports = [ config.services.{name}.port ];"]
        configuration.module(name, "\n".join(own + body), shape)
    settings_text = "{ " + " ".join(f"services.{name}.enable = true;" for name in sorted(enabled)) + " }"
    configuration.compare(settings_text)
    configuration.compare(settings_text, "config")


def test_what_was_needed_is_read_at_once_until_it_is_not(configuration: Configuration) -> None:
    configuration.module("a", "ports = [ 1 ];")
    configuration.module("b", "ports = [ 2 ];")
    asked, unasked = "config.services.a.port", "config.ports"
    read = []
    for value in (unasked, unasked, asked, asked, unasked, unasked):
        configuration.evaluate("{ }", value)
        read.append(configuration.read & {"a", "b"})
    # The first run makes the outlines; the fifth expects what the fourth needed.
    assert read == [{"a", "b"}, set(), {"a"}, {"a"}, {"a"}, set()]
