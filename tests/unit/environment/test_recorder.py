"""Recording maintainer scripts and running triggers, with a workshop that only pretends to run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osconf.environment.facts import Facts
from osconf.environment.generators.trigger import LDCONFIG, Trigger, run_triggers
from osconf.environment.plan import StateEntry
from osconf.environment.recorder import record_scripts, strip_helper_sections
from osconf.environment.shims import render_defaults
from osconf.environment.workshop import WorkshopResult
from osconf.errors import BuildError

from .conftest import FarmMaker, File, PackageMaker

Play = Callable[[Path, WorkshopResult], None]


class PretendedWorkshop:
    """Calls `play` with the record directory and the upper layers where a real one would run a sandbox."""

    def __init__(self, base: Path, play: Play) -> None:
        self.base = base
        self.play = play
        self.runs = 0

    def make_directory(self, name: str) -> Path:
        path = self.base / name
        path.mkdir(parents=True)
        return path

    def run(self, argv: list[str], *, record: Path, **layers: object) -> WorkshopResult:
        self.runs += 1
        uppers = [self.make_directory(f"upper/{name}") for name in ("usr", "etc", "var")]
        result = WorkshopResult(0, "", *uppers)
        self.play(record, result)
        return result


DASH = {"usr/bin/dash": File("elf", mode="0755")}


def record(make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path, play: Play) -> tuple[object, Facts]:
    """Record one package `p` whose script does what `play` says."""
    tree = {**DASH, "etc/shipped": "shipped", "usr/sbin/tool": File("elf", mode="0755")}
    package = make_package("p", tree, scripts={"postinst": "#!/bin/sh\nadduser x\n"})
    farm = make_farm(package)
    facts = record_scripts(farm, [package], PretendedWorkshop(tmp_path / "scratch", play))
    return farm, facts


def end_well(directory: Path, log: str = "") -> None:
    (directory / "status").write_text("p\t0\n")
    (directory / "logs/p").write_text(log)


def test_logged_calls_become_facts(make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        assert (directory / "scripts/p").read_text().startswith("#!/bin/sh")
        end_well(directory, "adduser\t--system\t--group\tx\n")

    _, facts = record(make_package, make_farm, tmp_path, play)
    assert list(facts.users) == ["x"]
    assert facts.warnings == []


def test_a_failing_script_is_a_warning_with_its_last_words(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        (directory / "status").write_text("p\t3\n")
        (directory / "output/p").write_text("first\nno such thing\n")

    _, facts = record(make_package, make_farm, tmp_path, play)
    assert facts.warnings == ["p: its postinst ended with 3: no such thing"]


def test_files_of_etc_are_taken_but_no_secrets(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        end_well(directory)
        for name, content, mode in (
            ("public.conf", "x", 0o644),
            ("key", "secret", 0o600),
            ("copy", "shipped", 0o600),
            ("passwd", "x", 0o644),
        ):
            (result.etc / name).write_text(content)
            (result.etc / name).chmod(mode)

    farm, facts = record(make_package, make_farm, tmp_path, play)
    assert farm.read("etc/public.conf") == "x"
    assert farm.read("etc/copy") == "shipped"
    assert not farm.has("etc/key")
    assert not farm.has("etc/passwd")
    (warning,) = facts.warnings
    assert "/etc/key" in warning


def test_state_becomes_directories_and_templates_but_no_databases(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        end_well(directory)
        (result.var / "lib/p").mkdir(parents=True)
        (result.var / "lib/p/template").write_text("text")
        (result.var / "lib/p/data").write_bytes(b"\0binary")

    farm, facts = record(make_package, make_farm, tmp_path, play)
    assert farm.plan.state["var/lib/p"].kind == "dir"
    assert farm.read("usr/share/factory/var/lib/p/template") == "text"
    (warning,) = facts.warnings
    assert "/var/lib/p/data" in warning


def test_additions_to_usr_are_taken_and_changes_refused(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        end_well(directory)
        (result.usr / "sbin").mkdir()
        (result.usr / "sbin/tool").write_text("changed")
        (result.usr / "sbin/new").write_text("new")

    farm, facts = record(make_package, make_farm, tmp_path, play)
    assert farm.read("usr/sbin/new") == "new"
    assert farm.read("usr/sbin/tool") == "elf"
    (warning,) = facts.warnings
    assert "/usr/sbin/tool" in warning


def test_capabilities_make_a_wrapper(make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        end_well(directory, "setcap\tcap_net_raw+ep\t/usr/sbin/tool\n")

    farm, _ = record(make_package, make_farm, tmp_path, play)
    assert farm.plan.wrappers["tool"].privilege.capabilities == "cap_net_raw+ep"
    assert farm.path("usr/sbin/tool").readlink() == Path("/run/wrappers/bin/tool")


def test_scripts_of_helper_sections_alone_are_not_run(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    script = (
        "#!/bin/sh\nset -e\n# Automatically added by dh_installsystemd/13\nsystemctl daemon-reload\n"
        "# End automatically added section\nexit 0\n"
    )
    package = make_package("p", DASH, scripts={"postinst": script})
    workshop = PretendedWorkshop(tmp_path / "scratch", lambda record, result: None)
    record_scripts(make_farm(package), [package], workshop)
    assert workshop.runs == 0
    assert "systemctl" not in strip_helper_sections(script)


def test_debconf_defaults_are_read_from_templates() -> None:
    templates = "Template: p/port\nType: string\nDefault: 80\n\nTemplate: p/empty\nType: string\n"
    assert render_defaults(templates) == "p/port\t80\np/empty\t\n"


CACHE = Trigger("cache", ("usr/bin/tool",), ("usr/share/data",), "tool", ("usr/share/data/*.cache",))


def test_triggers_need_their_tool_and_something_to_do(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("p", {"usr/bin/tool": ""}))
    assert not CACHE.applies(farm)


def test_only_declared_outputs_are_taken(make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        (directory / "status").write_text("cache\t0\n")
        (result.usr / "share/data").mkdir(parents=True)
        (result.usr / "share/data/x.cache").write_text("cache")
        (result.usr / "share/data/x.lock").write_text("lock")

    farm = make_farm(make_package("p", {"usr/bin/sh": "", "usr/bin/tool": "", "usr/share/data/x": "1"}))
    assert run_triggers(farm, (CACHE,), PretendedWorkshop(tmp_path / "scratch", play)) == []
    assert farm.read("usr/share/data/x.cache") == "cache"
    assert not farm.has("usr/share/data/x.lock")


def test_a_failing_trigger_is_a_warning_but_ldconfig_is_needed(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    def play(directory: Path, result: WorkshopResult) -> None:
        (directory / "status").write_text("cache\t1\nldconfig\t1\n")
        for name in ("cache", "ldconfig"):
            (directory / "output" / name).write_text("broken\n")

    tree = {"usr/bin/sh": "", "usr/bin/tool": "", "usr/share/data/x": "1", "usr/sbin/ldconfig": "", "usr/lib/x": ""}
    farm = make_farm(make_package("p", tree))
    (warning,) = run_triggers(farm, (CACHE,), PretendedWorkshop(tmp_path / "one", play))
    assert "cache" in warning
    with pytest.raises(BuildError, match="ldconfig"):
        run_triggers(farm, (LDCONFIG,), PretendedWorkshop(tmp_path / "two", play))


@pytest.mark.parametrize(
    ("name", "said"), [("status", "not run: tail"), ("output", "1: "), ("output/p", "1: "), ("logs/p", "1: tail")]
)
def test_what_scripts_link_to_is_not_read(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path, name: str, said: str
) -> None:
    outside = tmp_path / "outside"

    def play(directory: Path, _: WorkshopResult) -> None:
        end_well(directory, "adduser\t--system\tevil\n")
        (directory / "status").write_text("p\t1\n")
        (directory / "output/p").write_text("tail\n")
        (directory / name).rename(outside)
        (directory / name).symlink_to(outside)

    _, facts = record(make_package, make_farm, tmp_path, play)
    assert facts.warnings == [f"p: its postinst ended with {said}"]
    assert bool(facts.users) is (name != "logs/p")


def test_state_of_packages_is_made_nowhere_else(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    """What packages say of /var may be a stranger's word: links lead nowhere, names do not climb."""
    victim = tmp_path / "victim"
    victim.mkdir()
    state = {
        "var/away": ("link", str(victim)),
        "var/away/evil": ("dir", ""),
        "var/away/link": ("link", "/evil"),
        "var/../../../../victim/evil": ("dir", ""),
        "var/run/osconf-evil": ("dir", ""),
        "var/lib/p": ("dir", ""),
    }
    tree = {**DASH, "usr/sbin/tool": File("elf", mode="0755")}
    package = make_package("p", tree, scripts={"postinst": "#!/bin/sh\nadduser x\n"})
    farm = make_farm(package)
    for path, (kind, target) in state.items():
        farm.plan.state[path] = StateEntry(path, kind, "0755", "root", "root", target)
    made: list[Path] = []

    class Workshop(PretendedWorkshop):
        def run(self, argv: list[str], *, record: Path, **layers: object) -> WorkshopResult:
            made.append(layers["var_layer"])  # type: ignore[arg-type]
            return super().run(argv, record=record, **layers)

    record_scripts(farm, [package], Workshop(tmp_path / "scratch", lambda directory, _: end_well(directory)))
    assert (made[0] / "lib/p").is_dir() and (made[0] / "away").is_symlink()
    assert list(victim.iterdir()) == [] and not Path("/run/osconf-evil").exists()
