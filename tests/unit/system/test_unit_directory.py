import pytest

from osconf.errors import BuildError
from osconf.system.unit_directory import DeclaredUnit, UnitSources, plan_units, program_of
from osconf.system.unit_file import parse_unit

PACKAGE_UNITS = {
    "getty@.service": "[Service]\nExecStart=-/sbin/agetty %I\n[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
    "net.service": "[Service]\nExecStart=/usr/lib/net\n"
    "[Install]\nWantedBy=multi-user.target\nAlias=dbus-net.service\nAlso=net.socket\n",
    "net.socket": "[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\n",
    "alias.service": "[Service]\nExecStart=/usr/lib/net\n",
    "once.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/once\n",
}
DIRECTORY = "/usr/lib/systemd/system"


def declare(name, **changes):
    data = {
        "name": name,
        "enable": True,
        "overrideStrategy": "asDropinIfExists",
        "usr": "system",
        "wantedBy": [],
        "requiredBy": [],
        "upheldBy": [],
        "aliases": [],
        "file": f"/osconf/store/file-{name}",
    }
    return DeclaredUnit.from_json(data | changes)


def plan(*declared, enabled=(), default_target=""):
    def read(source):
        return parse_unit(PACKAGE_UNITS.get(source, "[Service]\nExecStart=/usr/bin/own\n"))

    sources = UnitSources(DIRECTORY, PACKAGE_UNITS, {"alias.service"}, read, lambda program: f"hash-of-{program}")
    return plan_units(declared, enabled, sources, default_target)


def test_new_unit_is_a_file_and_links_lead_to_it():
    result = plan(declare("app.service", wantedBy=["multi-user.target"], aliases=["web.service"], usr="own"))
    assert result.files == {"app.service": "/osconf/store/file-app.service"}
    assert result.links["multi-user.target.wants/app.service"] == "../app.service"
    assert result.links["web.service"] == "app.service"


def test_unit_of_a_package_gets_a_drop_in():
    result = plan(declare("net.service", wantedBy=["x.target"]))
    assert result.files == {"net.service.d/overrides.conf": "/osconf/store/file-net.service"}
    assert result.links["x.target.wants/net.service"] == f"{DIRECTORY}/net.service"


def test_drop_in_for_an_instance_of_a_template():
    assert "getty@tty1.service.d/overrides.conf" in plan(declare("getty@tty1.service")).files


def test_as_file_replaces_the_unit_of_a_package():
    assert "net.service" in plan(declare("net.service", overrideStrategy="asFile")).files


def test_disabled_unit_is_masked_and_stays_so():
    result = plan(declare("net.service", enable=False), enabled=["net.service"])
    assert result.links == {"net.service": "/dev/null"}
    assert not result.files


def test_enabling_follows_install_also_alias_and_default_instance():
    result = plan(enabled=["net.service", "getty@.service"])
    assert result.links == {
        "multi-user.target.wants/net.service": f"{DIRECTORY}/net.service",
        "dbus-net.service": f"{DIRECTORY}/net.service",
        "sockets.target.wants/net.socket": f"{DIRECTORY}/net.socket",
        "getty.target.wants/getty@tty1.service": f"{DIRECTORY}/getty@.service",
    }


def test_unknown_unit_to_enable_names_near_ones():
    with pytest.raises(BuildError) as caught:
        plan(enabled=["nett.service"])
    assert "net.service" in (caught.value.hint or "")


def test_long_running_services_of_the_system_restart_with_what_they_execute():
    result = plan(declare("own.service", usr="own"), declare("ours.service", overrideStrategy="asFile"))
    assert set(result.texts) == {
        "getty@.service.d/50-osconf-closure.conf",
        "net.service.d/50-osconf-closure.conf",
        "ours.service.d/50-osconf-closure.conf",
    }
    assert "hash-of-/usr/bin/own" in result.texts["ours.service.d/50-osconf-closure.conf"]


def test_default_target():
    assert plan(default_target="multi-user.target").links == {"default.target": "multi-user.target"}


@pytest.mark.parametrize("command", ["/usr/bin/x -a", "-/usr/bin/x", "@/usr/bin/x y", '+"/usr/bin/x" z'])
def test_program_of_an_exec_line(command):
    assert program_of(command) == "/usr/bin/x"
