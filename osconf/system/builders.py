"""The builtin builders `system-units`, `system-etc` and `system`: derivation attributes in, files out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from osconf.build.builtin import BuiltinBuilder, BuiltinRequest, BuiltinResult, builtin_builder
from osconf.build.builtins.write import place_inside
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError
from osconf.store.follow import LeadsOut
from osconf.system.closure import (
    activation_program,
    complete_activation,
    describe_boot,
    kernel_parameters,
    switch_program,
    to_text,
)
from osconf.system.environment_facts import EnvironmentFacts
from osconf.system.etc_tree import DIRECT_SYMLINK, SYMLINK, EtcEntry, declared_entry, plan_etc
from osconf.system.unit_directory import DeclaredUnit, UnitSources, plan_units
from osconf.system.unit_file import UnitFile, read_unit

# Kinds of units; the rest of a unit directory is drop-ins and links.
_UNIT_SUFFIXES = (
    ".service",
    ".socket",
    ".target",
    ".timer",
    ".path",
    ".mount",
    ".automount",
    ".swap",
    ".slice",
    ".scope",
)


def _environment_of(request: BuiltinRequest) -> EnvironmentFacts:
    return EnvironmentFacts(request.text("environment"), request.find)


def _make_room(request: BuiltinRequest, base: Path, name: str) -> Path:
    """The place of a file to make: names come from strangers, too, and must not lead out, nor through a link."""
    place = place_inside(request, base, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        raise BuildError(f"'{request.name}' has two files '{name}'", drv=request.drv_path, code="duplicate-entry")
    return place


def _write(request: BuiltinRequest, name: str, text: str, *, is_program: bool = False) -> None:
    place = _make_room(request, request.out, name)
    place.write_text(text, errors="surrogateescape")
    place.chmod(0o755 if is_program else 0o644)


@builtin_builder(BUILDER_VERSIONS["system-units"])
def build_units(request: BuiltinRequest) -> BuiltinResult | None:
    """Make the directory of units; declared files are copied, so that systemd takes none for a linked unit."""
    facts = _environment_of(request)
    package_directory = f"/usr/lib/systemd/{request.text('kind')}"
    package_units = f"{facts.path}{package_directory}"
    units = request.find(package_units)
    found = [path for path in units.iterdir() if path.suffix in _UNIT_SUFFIXES] if units.is_dir() else []

    def read(source: str) -> UnitFile:
        try:
            path = request.find(source if source.startswith("/") else f"{package_units}/{source}")
        except LeadsOut:
            # A unit of a package may be a link to /dev/null.
            return UnitFile(())
        return read_unit(path) if path.is_file() else UnitFile(())

    plan = plan_units(
        [DeclaredUnit.from_json(data) for data in request.json("units", [])],
        request.json("enabled", []),
        UnitSources(
            package_directory,
            package_units={path.name for path in found},
            package_aliases={path.name for path in found if path.is_symlink()},
            read=read,
            fingerprint=facts.fingerprint_program,
        ),
        request.text("defaultTarget", ""),
    )
    request.out.mkdir()
    for path, file in plan.files.items():
        _write(request, path, request.find(file).read_text(errors="surrogateescape"))
    for path, text in plan.texts.items():
        _write(request, path, text)
    for path, target in plan.links.items():
        _make_room(request, request.out, path).symlink_to(target)
    return None


# What other ways of starting services, other boot loaders and Debian's kernel hooks keep in /etc.
_FOREIGN = ("grub.d", "initramfs-tools", "kernel", "runit", "sv", "ufw")


def _package_entries(root: Path) -> Iterable[EtcEntry]:
    """The files below `root` (an environment's etc) as entries; links stay the links they are."""
    for directory, subdirectories, files in os.walk(root):
        links = [name for name in subdirectories if (Path(directory) / name).is_symlink()]
        if directory == str(root):
            subdirectories[:] = [name for name in subdirectories if name not in _FOREIGN]
        for name in sorted(files + links):
            path = Path(directory) / name
            relative = str(path.relative_to(root))
            if path.is_symlink():
                yield EtcEntry(relative, DIRECT_SYMLINK, str(path.readlink()))
            else:
                yield EtcEntry(relative, SYMLINK, str(path))


@builtin_builder(BUILDER_VERSIONS["system-etc"])
def build_etc(request: BuiltinRequest) -> BuiltinResult | None:
    """Make `etc/` and `etc.json`. Files of packages are linked into the tree as files: they are in the same store."""
    packaged = request.find(f"{request.text('environment')}/etc")
    entries = plan_etc(
        _package_entries(packaged),
        [declared_entry(data) for data in request.json("entries", [])],
        request.json("directories", {}),
        request.json("removed", []),
    )
    tree = request.out / "etc"
    tree.mkdir(parents=True)
    for entry in entries:
        place = _make_room(request, tree, entry.path)
        if entry.mode == SYMLINK and Path(entry.target).is_relative_to(packaged):
            os.link(entry.target, place)
        else:
            place.symlink_to(entry.target)
    _write(request, "etc.json", to_text({"version": 1, "entries": [entry.to_json() for entry in entries]}))
    return None


@builtin_builder(BUILDER_VERSIONS["system"])
def build_system(request: BuiltinRequest) -> BuiltinResult | None:
    """Make the system closure."""
    facts = _environment_of_activation(request)
    activation = request.json("activation")
    entries = json.loads(request.find(f"{request.text('etc')}/etc.json").read_text())["entries"]
    own_path = request.drv.outputs["out"].path
    specialisations: Mapping[str, str] = request.json("specialisations", {})
    boot = describe_boot(
        own_path,
        label=activation["label"],
        kernel=request.text("kernel"),
        kernel_version=request.text("kernelVersion"),
        initrd=request.text("initrd"),
        kernel_params=request.json("kernelParams"),
        specialisations=specialisations,
    )
    activator = f"{request.text('activator')}/share/osconf"
    out = request.out
    out.mkdir()

    links = {
        "environment": activation["environment"],
        "usr": "environment/usr",
        "etc": activation["etc"],
        "kernel": request.text("kernel"),
        "initrd": request.text("initrd"),
        "modules": request.text("modules"),
        "init": "/usr/lib/systemd/systemd",
        "configuration": request.text("configuration", ""),
        **{f"specialisation/{name}": path for name, path in specialisations.items()},
        **request.json("extraLinks", {}),
    }
    for name, target in links.items():
        if target:
            _make_room(request, out, name).symlink_to(target)

    texts = {
        "activation.json": to_text(complete_activation(activation, entries, facts)),
        "boot.json": to_text(boot),
        "etc.json": to_text({"version": 1, "entries": entries}),
        "kernel-params": " ".join(kernel_parameters(own_path, request.json("kernelParams"))) + "\n",
        "osconf-version": request.text("release") + "\n",
    }
    for name, text in texts.items():
        _write(request, name, text)
    _write(request, "activate", activation_program(activator), is_program=True)
    _write(request, "bin/switch-to-configuration", switch_program(activator), is_program=True)
    return None


def _environment_of_activation(request: BuiltinRequest) -> EnvironmentFacts:
    return EnvironmentFacts(request.json("activation")["environment"], request.find)


SYSTEM_BUILDERS: dict[str, BuiltinBuilder] = {
    "system-units": build_units,
    "system-etc": build_etc,
    "system": build_system,
}
