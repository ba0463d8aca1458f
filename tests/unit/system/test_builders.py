"""The three builders on a small store: what they leave on disk."""

import json
from contextlib import suppress
from types import SimpleNamespace

import pytest

from osconf.errors import BuildError, OsconfError
from osconf.store.follow import LeadsOut, follow_links
from osconf.store.layout import StoreLayout
from osconf.system.builders import SYSTEM_BUILDERS

ENVIRONMENT = "/osconf/store/e-environment"
OUT = "/osconf/store/s-system"


@pytest.fixture
def store(tmp_path):
    environment = tmp_path / ENVIRONMENT.lstrip("/")
    units = environment / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (units / "net.service").write_text("[Service]\nExecStart=/usr/lib/net\n[Install]\nWantedBy=multi-user.target\n")
    (units / "alias.service").symlink_to("net.service")
    (units / "multi-user.target").write_text("[Unit]\n")
    (environment / "etc/app").mkdir(parents=True)
    (environment / "etc/app/app.conf").write_text("packaged\n")
    (environment / "etc/app/link").symlink_to("app.conf")
    (environment / "etc/grub.d").mkdir()
    (environment / "etc/grub.d/00_header").write_text("")
    (environment / "usr/lib/osconf/dpkg").mkdir(parents=True)
    (environment / "usr/lib/osconf/dpkg/status").write_text("Package: net\n")
    contents = tmp_path / "osconf/store/n-net/usr/lib"
    contents.mkdir(parents=True)
    (contents / "net").write_text("")
    description = {"packages": [{"name": "net", "contents": "/osconf/store/n-net"}], "wrappers": []}
    (environment / "environment.json").write_text(json.dumps(description))
    return tmp_path


@pytest.fixture
def build(store):
    def run(name, **attributes):
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        out = store / "outputs" / name
        out.parent.mkdir(exist_ok=True)
        request = SimpleNamespace(
            name=name,
            drv_path=f"{OUT}.drv",
            out=out,
            find=lambda path, follow_last=True: follow_links(StoreLayout(store), path, follow_last=follow_last),
            text=lambda key, default=None: texts.get(key, default),
            json=lambda key, default=None: json.loads(texts[key]) if key in texts else default,
            drv=SimpleNamespace(outputs={"out": SimpleNamespace(path=OUT)}),
        )
        SYSTEM_BUILDERS[name](request)
        return out

    return run


def unit(name, **changes):
    return {
        "name": name,
        "enable": True,
        "overrideStrategy": "asDropinIfExists",
        "usr": "system",
        "wantedBy": [],
        "requiredBy": [],
        "upheldBy": [],
        "aliases": [],
        "file": "/osconf/store/u-unit",
    } | changes


def test_units_are_files_and_links_below_one_directory(store, build):
    (store / "osconf/store/u-unit").write_text("[Service]\nExecStart=/usr/lib/net --fast\n")
    out = build(
        "system-units",
        environment=ENVIRONMENT,
        kind="system",
        units=[
            unit("own.service", wantedBy=["multi-user.target"]),
            unit("net.service"),
            unit("off.service", enable=False),
        ],
        enabled=["net.service"],
        defaultTarget="multi-user.target",
    )
    assert (out / "own.service").read_text().startswith("[Service]")
    assert not (out / "own.service").is_symlink()
    assert (out / "net.service.d/overrides.conf").is_file()
    assert (out / "off.service").readlink().as_posix() == "/dev/null"
    wants = out / "multi-user.target.wants"
    assert (wants / "own.service").resolve() == out / "own.service"
    assert (wants / "net.service").readlink().as_posix() == "/usr/lib/systemd/system/net.service"
    assert (out / "default.target").readlink().as_posix() == "/usr/lib/systemd/system/multi-user.target"
    assert "X-Restart-Triggers=" in (out / "net.service.d/50-osconf-closure.conf").read_text()
    assert not (out / "alias.service.d").exists()


def test_etc_lays_declared_files_over_those_of_packages(store, build):
    (store / "osconf/store/f-file").write_text("declared\n")
    out = build(
        "system-etc",
        environment=ENVIRONMENT,
        entries=[
            {"path": "fstab", "source": "/osconf/store/f-file", "mode": "0644", "user": "+0", "group": "+0"},
            {
                "path": "localtime",
                "source": "/usr/share/zoneinfo/UTC",
                "mode": "direct-symlink",
                "user": "+0",
                "group": "+0",
            },
        ],
        removed=[],
        directories={"systemd/system": "/osconf/store/u-units"},
    )
    assert (out / "etc/app/app.conf").samefile(store / ENVIRONMENT.lstrip("/") / "etc/app/app.conf")
    assert (out / "etc/fstab").readlink().as_posix() == "/osconf/store/f-file"
    entries = {entry["path"]: entry for entry in json.loads((out / "etc.json").read_text())["entries"]}
    assert entries["fstab"]["mode"] == "0644"
    assert entries["app/link"] == {
        "path": "app/link",
        "mode": "direct-symlink",
        "user": "+0",
        "group": "+0",
        "target": "app.conf",
    }
    assert entries["localtime"]["target"] == "/usr/share/zoneinfo/UTC"
    assert entries["systemd/system"]["mode"] == "symlink"
    assert not any(path.startswith("grub.d") for path in entries)


def test_system_links_its_parts_and_names_itself(store, build):
    etc = store / "osconf/store/t-etc"
    etc.mkdir()
    (etc / "etc.json").write_text('{"version": 1, "entries": []}')
    activation = {
        "version": 1,
        "label": "first",
        "environment": ENVIRONMENT,
        "etc": "/osconf/store/t-etc/etc",
        "wrappers": [],
    }
    out = build(
        "system",
        activation=activation,
        etc="/osconf/store/t-etc",
        kernel="/osconf/store/k/vmlinuz",
        kernelVersion="6.1",
        initrd="/osconf/store/i/initrd",
        modules="/osconf/store/m/lib/modules",
        kernelParams=["quiet"],
        activator="/osconf/store/a-activator",
        configuration="",
        specialisations={"plain": "/osconf/store/p-system"},
        release="0.1",
        extraLinks={},
    )
    assert (out / "usr").readlink().as_posix() == "environment/usr"
    assert (out / "kernel").readlink().as_posix() == "/osconf/store/k/vmlinuz"
    assert (out / "specialisation/plain").readlink().as_posix() == "/osconf/store/p-system"
    assert (out / "kernel-params").read_text() == f"quiet osconf.system={OUT}\n"
    assert json.loads((out / "boot.json").read_text())["system"] == OUT
    assert json.loads((out / "activation.json").read_text())["etcEntries"] == []
    assert (out / "activate").stat().st_mode & 0o111
    assert "/osconf/store/a-activator/share/osconf" in (out / "bin/switch-to-configuration").read_text()
    assert not (out / "configuration").is_symlink()


@pytest.mark.parametrize(
    "links",
    [
        {"specialisations": {"../../away/made": "/x"}},
        {"extraLinks": {"osconf-version": "AWAY/made"}},
        {"extraLinks": {"bin": "AWAY"}},
        {"extraLinks": {"AWAY/made": "/x"}},
    ],
)
def test_system_makes_nothing_elsewhere(store, build, links):
    (store / "outputs/away").mkdir(parents=True)
    etc = store / "osconf/store/t-etc"
    etc.mkdir(parents=True)
    (etc / "etc.json").write_text(json.dumps({"version": 1, "entries": []}))
    attributes = {"specialisations": {}, "extraLinks": {}, "kernelParams": [], "release": "0.1", "label": "x"}
    names = ("kernel", "kernelVersion", "initrd", "modules", "activator", "configuration")
    attributes |= dict.fromkeys(names, "/osconf/store/k") | links
    attributes = json.loads(json.dumps(attributes).replace("AWAY", str(store / "outputs/away")))
    activation = {"version": 1, "label": "x", "environment": ENVIRONMENT, "etc": "/osconf/store/t-etc", "wrappers": []}
    with suppress(OsconfError):
        build("system", activation=activation, etc="/osconf/store/t-etc", **attributes)
    assert list((store / "outputs/away").iterdir()) == []


def test_units_are_made_nowhere_else(store, build):
    (store / "osconf/store/u-unit").write_text("[Service]\n")
    with pytest.raises(BuildError, match="leads out"):
        build(
            "system-units",
            environment=ENVIRONMENT,
            kind="system",
            units=[unit("../evil.service")],
            enabled=[],
            defaultTarget="",
        )
    assert not (store / "outputs/evil.service").exists()


SECRET = "known to root alone"


def units_of(build, **changes):
    attributes = {"environment": ENVIRONMENT, "kind": "system", "units": [], "enabled": [], "defaultTarget": ""}
    return build("system-units", **attributes | changes)


def test_units_are_read_through_no_link_that_leads_out(store, build):
    (store / "secret").write_text(SECRET)
    (store / "osconf/store/u-unit").symlink_to(store / "secret")
    with pytest.raises(LeadsOut):
        units_of(build, units=[unit("own.service")])


def test_units_of_packages_may_be_links_that_lead_out(store, build):
    """A package may mask a unit, or link to where it is in the running system."""
    (store / "secret").write_text(SECRET)
    units = store / ENVIRONMENT.lstrip("/") / "usr/lib/systemd/system"
    (units / "masked.service").symlink_to("/dev/null")
    (units / "net.socket").symlink_to(store / "secret")
    out = units_of(build, enabled=["masked.service", "net.socket"])
    assert SECRET not in "".join(path.read_text() for path in out.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["environment.json", "usr/lib/osconf/dpkg/status", "usr/lib/systemd/system"])
def test_environments_are_read_through_no_link_that_leads_out(store, build, name):
    place = store / ENVIRONMENT.lstrip("/") / name
    (store / "outside").mkdir()
    place.rename(store / "outside/it")
    place.symlink_to(store / "outside/it")
    with pytest.raises(LeadsOut):
        units_of(build, units=[unit("net.service")], enabled=["net.service"])


def test_etc_of_an_environment_is_no_link_that_leads_out(store, build):
    (store / "outside").mkdir()
    (store / "outside/secret").write_text(SECRET)
    etc = store / ENVIRONMENT.lstrip("/") / "etc"
    etc.rename(store / "outside/etc")
    etc.symlink_to(store / "outside")
    with pytest.raises(LeadsOut):
        build("system-etc", environment=ENVIRONMENT, entries=[], removed=[], directories={})
