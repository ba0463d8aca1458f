import json

import pytest

from osconf.store.follow import follow_links
from osconf.store.layout import StoreLayout
from osconf.system.closure import activation_program, complete_activation, describe_boot, switch_program
from osconf.system.environment_facts import EnvironmentFacts

STATUS = """\
Package: app
Depends: libapp (>= 1) | libother, virtual-thing

Package: libapp
Depends: libc6

Package: provider
Provides: virtual-thing (= 2)

Package: libc6

Package: stranger
"""


@pytest.fixture
def facts(tmp_path):
    environment = tmp_path / "osconf/store/environment"
    names = ["app", "libapp", "provider", "libc6", "stranger"]
    (environment / "usr/lib/osconf/dpkg").mkdir(parents=True)
    (environment / "usr/lib/osconf/dpkg/status").write_text(STATUS)
    description = {
        "packages": [{"name": name, "contents": f"/osconf/store/{name}"} for name in names],
        "wrappers": [
            {"name": "su", "source": "/osconf/store/login/usr/bin/su", "owner": "root", "group": "root", "mode": "4755"}
        ],
    }
    (environment / "environment.json").write_text(json.dumps(description))
    store = tmp_path / "osconf/store"
    for name in names:
        (store / name / "usr/bin").mkdir(parents=True)
        (store / name / "usr/bin" / name).write_text("")
    (store / "view/bin").mkdir(parents=True)
    (store / "view/bin/app").symlink_to("/usr/bin/app")
    return EnvironmentFacts(
        "/osconf/store/environment",
        lambda path, follow_last=True: follow_links(StoreLayout(tmp_path), path, follow_last=follow_last),
    )


def test_owner_is_found_through_views_and_merged_directories(facts):
    assert facts.find_owner(facts.resolve_program("/osconf/store/view/bin/app")) == "app"
    assert facts.find_owner(facts.resolve_program("/bin/app")) == "app"
    assert facts.find_owner("/usr/bin/nothing") is None


def test_fingerprint_follows_dependencies_and_nothing_else(facts, tmp_path):
    before = facts.fingerprint_program("/usr/bin/app")
    for name, changes in (("stranger", False), ("libc6", True), ("provider", True)):
        other = EnvironmentFacts(facts.path, facts.find)
        other.__dict__["contents"] = {**facts.contents, name: facts.contents[name] + "-new"}
        (tmp_path / "osconf/store" / f"{name}-new").mkdir()
        assert (other.fingerprint_program("/usr/bin/app") != before) is changes


def test_declared_wrappers_replace_and_remove_those_of_packages(facts):
    added = {"name": "app", "source": "/osconf/store/view/bin/app", "enable": True, "mode": "4755"}
    removed = {"name": "su", "source": "", "enable": False, "mode": "0555"}
    done = complete_activation({"wrappers": [added, removed]}, [], facts)
    assert done["wrappers"] == [{"name": "app", "source": "/osconf/store/app/usr/bin/app", "mode": "4755"}]


def test_boot_description_names_its_own_generation():
    boot = describe_boot(
        "/osconf/store/s",
        label="l",
        kernel="/k",
        kernel_version="6",
        initrd="/i",
        kernel_params=["quiet"],
        specialisations={},
    )
    assert boot["kernelParams"] == ["quiet", "osconf.system=/osconf/store/s"]
    assert boot["init"] == "/osconf/store/s/init"


@pytest.mark.parametrize("program", [activation_program, switch_program])
def test_programs_are_python(program):
    compile(program("/osconf/store/activator/share/osconf"), "program", "exec")
