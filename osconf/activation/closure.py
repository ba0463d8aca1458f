"""Reading a system closure: what `activation.json`, `boot.json` and the links beside them say, as frozen values.

Unknown fields are ignored and missing ones have defaults, so an activator reads the closures of older and newer
versions of osconf. Nothing here looks at the running machine.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from osconf.errors import ActivationError
from osconf.host.files import Files


@dataclass(frozen=True, slots=True)
class EtcEntry:
    """One path below /etc. `mode` is `symlink` (through /etc/static), `direct-symlink` (to `target`) or octal."""

    path: str
    mode: str = "symlink"
    user: str = "root"
    group: str = "root"
    target: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A declared user; `uid` None takes the recorded or the next free one."""

    name: str
    uid: int | None = None
    group: str = ""
    home: str = "/var/empty"
    home_mode: int = 0o700
    shell: str = "/usr/sbin/nologin"
    description: str = ""
    is_normal: bool = False
    create_home: bool = False
    password: str | None = None
    hashed_password: str | None = None
    hashed_password_file: str | None = None
    initial_password: str | None = None
    initial_hashed_password: str | None = None
    extra_groups: tuple[str, ...] = ()
    sub_uid_ranges: tuple[tuple[int, int], ...] = ()
    sub_gid_ranges: tuple[tuple[int, int], ...] = ()
    auto_sub_ids: bool = False
    expires: str = ""
    lingers: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A declared group; `gid` None takes the recorded or the next free one."""

    name: str
    gid: int | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A setuid, setgid or capability copy of a program, /run/wrappers/bin/`name`."""

    name: str
    source: str
    owner: str = "root"
    group: str = "root"
    mode: int = 0o755
    capabilities: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A user's activation script; it runs after those named in `deps`."""

    name: str
    text: str
    deps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A question that decides whether a switch was good; `kind` is command, http, tcp or unit."""

    name: str
    kind: str
    subject: str
    timeout: int = 30
    status: int | None = None


@dataclass(frozen=True, slots=True)
class BootLoader:
    """How generations get into the boot menu."""

    loader: str = "none"
    devices: tuple[str, ...] = ()
    efi_mount_point: str = "/boot"
    timeout: int | None = 5
    configuration_limit: int = 20
    extra_config: str = ""
    extra_entries: str = ""
    extra_prepare_config: str = ""
    serial: bool = True
    console_mode: str = "keep"
    editor: bool = False


@dataclass(frozen=True, slots=True)
class BootEntry:
    """What a boot loader needs to start one generation (bootspec)."""

    label: str
    kernel: str
    initrd: str
    kernel_params: tuple[str, ...]
    init: str
    system: str
    kernel_version: str = ""
    specialisations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Environment:
    """The merged /usr of a system: its store path and the packages (name -> content path, version) in it."""

    path: str
    packages: Mapping[str, tuple[str, str]]
    wrappers: tuple[Wrapper, ...] = ()

    @property
    def usr(self) -> str:
        """Return the directory that is mounted on /usr."""
        return f"{self.path}/usr"


@dataclass(frozen=True, slots=True)
class Closure:
    """One system closure, as far as activation needs it."""

    path: str
    label: str
    environment: Environment
    etc: str
    etc_entries: tuple[EtcEntry, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    mutable_users: bool
    wrappers: tuple[Wrapper, ...]
    scripts: tuple[Script, ...]
    health_checks: tuple[HealthCheck, ...]
    boot: BootLoader
    service_environments: tuple[str, ...] = ()
    firewall: Mapping[str, str] = field(default_factory=dict)
    inhibitors: Mapping[str, str] = field(default_factory=dict)
    kernel: str = ""
    initrd: str = ""


def read_closure(files: Files, system: str) -> Closure:
    """Read the closure at a logical store path; raises `ActivationError` when it is none."""
    path = files.resolve(system)
    try:
        data = json.loads(files.read_bytes(f"{path}/activation.json"))
    except (OSError, ValueError) as error:
        raise ActivationError(
            f"{system} is not a system closure: activation.json cannot be read ({error})",
            hint="name the result of `osconf build`, or a generation listed by `osconf generations`",
            code="not-a-system",
        ) from None
    environment = files.resolve(f"{path}/environment")
    declared = tuple(_wrapper(item) for item in data.get("wrappers") or ())
    farm = _read_environment(files, environment)
    names = {wrapper.name for wrapper in declared}
    return Closure(
        path=path,
        label=data.get("label", ""),
        environment=farm,
        etc=files.resolve(f"{path}/etc"),
        etc_entries=tuple(_etc_entry(item) for item in data.get("etcEntries") or ()),
        users=tuple(_user(item) for item in data.get("users") or ()),
        groups=tuple(_group(item) for item in data.get("groups") or ()),
        mutable_users=bool(data.get("mutableUsers", True)),
        wrappers=declared + tuple(wrapper for wrapper in farm.wrappers if wrapper.name not in names),
        scripts=tuple(
            Script(item["name"], item.get("text", ""), tuple(item.get("deps") or ()))
            for item in data.get("scripts") or ()
        ),
        health_checks=tuple(_health_check(item) for item in data.get("healthChecks") or ()),
        boot=_boot_loader(data.get("boot") or {}),
        service_environments=tuple(data.get("serviceEnvironments") or ()),
        firewall=_strings(data.get("firewall") or {}),
        inhibitors=_strings(data.get("inhibitors") or {}),
        kernel=files.resolve(f"{path}/kernel") if files.lexists(f"{path}/kernel") else "",
        initrd=files.resolve(f"{path}/initrd") if files.lexists(f"{path}/initrd") else "",
    )


def read_boot_entry(files: Files, system: str) -> BootEntry:
    """Read `boot.json` of a closure; kernel and initrd are returned as store paths with all links followed."""
    path = files.resolve(system)
    try:
        data = json.loads(files.read_bytes(f"{path}/boot.json"))
        data = data.get("org.nixos.bootspec.v1", data)
        kernel, initrd = (files.resolve(data[key]) for key in ("kernel", "initrd"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ActivationError(f"{path} cannot be booted: boot.json: {error}", code="not-bootable") from None
    for file in (kernel, initrd):
        if not files.exists(file):
            raise ActivationError(f"{path} cannot be booted: {file} is missing", code="not-bootable")
    parameters = [item for item in data.get("kernelParams") or () if not item.startswith("osconf.system=")]
    return BootEntry(
        label=data.get("label", posixpath.basename(path)),
        kernel=kernel,
        initrd=initrd,
        kernel_params=(*parameters, f"osconf.system={path}"),
        init=data.get("init", f"{path}/init"),
        system=path,
        kernel_version=data.get("kernelVersion") or "",
        specialisations={
            name: value if isinstance(value, str) else value.get("system") or value.get("toplevel", "")
            for name, value in (data.get("specialisations") or {}).items()
        },
    )


def _read_environment(files: Files, path: str) -> Environment:
    try:
        data = json.loads(files.read_bytes(f"{path}/environment.json"))
    except FileNotFoundError:
        data = {}
    packages = {
        item["name"]: (item.get("contents", ""), item.get("version", "")) for item in data.get("packages") or ()
    }
    return Environment(path, packages, tuple(_wrapper(item) for item in data.get("wrappers") or ()))


def _strings(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in data.items() if isinstance(value, str)}


def _mode(value: str | int | None, default: int) -> int:
    if value is None or value == "":
        return default
    return value if isinstance(value, int) else int(value, 8)


def _owner(value: str | int | None) -> str:
    """Read an owner: a name, or an id as number or `+number`."""
    text = str(value if value is not None else "").removeprefix("+")
    return "root" if text in ("", "0") else text


def _etc_entry(item: Mapping[str, Any]) -> EtcEntry:
    return EtcEntry(
        path=item["path"].strip("/"),
        mode=item.get("mode") or "symlink",
        user=_owner(item.get("user")),
        group=_owner(item.get("group")),
        target=item.get("target") or "",
    )


def _user(item: Mapping[str, Any]) -> User:
    normal = bool(item.get("isNormalUser"))

    def ranges(key: str) -> tuple[tuple[int, int], ...]:
        return tuple((entry.get("start", entry.get(key[:6])), entry["count"]) for entry in item.get(key) or ())

    return User(
        name=item["name"],
        uid=item.get("uid"),
        group=item.get("group") or ("users" if normal else ""),
        home=item.get("home") or ("/home/" + item["name"] if normal else "/var/empty"),
        home_mode=_mode(item.get("homeMode"), 0o700),
        shell=item.get("shell") or ("/bin/bash" if normal else "/usr/sbin/nologin"),
        description=item.get("description") or "",
        is_normal=normal,
        create_home=bool(item.get("createHome", normal)),
        password=item.get("password"),
        hashed_password=item.get("hashedPassword"),
        hashed_password_file=item.get("hashedPasswordFile"),
        initial_password=item.get("initialPassword"),
        initial_hashed_password=item.get("initialHashedPassword"),
        extra_groups=tuple(item.get("extraGroups") or ()),
        sub_uid_ranges=ranges("subUidRanges"),
        sub_gid_ranges=ranges("subGidRanges"),
        auto_sub_ids=bool(item.get("autoSubUidGidRange")),
        expires=item.get("expires") or "",
        lingers=bool(item.get("linger")),
    )


def _group(item: Mapping[str, Any]) -> Group:
    return Group(item["name"], item.get("gid"), tuple(item.get("members") or ()))


def _wrapper(item: Mapping[str, Any]) -> Wrapper:
    return Wrapper(
        name=item["name"],
        source=item["source"],
        owner=_owner(item.get("owner")),
        group=_owner(item.get("group")),
        mode=_mode(item.get("mode") or item.get("permissions"), 0o755),
        capabilities=item.get("capabilities") or "",
    )


def _health_check(item: Mapping[str, Any]) -> HealthCheck:
    kind = item.get("kind") or next((key for key in ("command", "url", "port", "unit") if item.get(key)), "command")
    kind = {"url": "http", "port": "tcp"}.get(kind, kind)
    subject = {
        "command": item.get("command"),
        "http": item.get("url"),
        "tcp": f"{item.get('host') or 'localhost'}:{item.get('port')}",
        "unit": item.get("unit"),
    }.get(kind)
    return HealthCheck(item["name"], kind, subject or "", int(item.get("timeout") or 30), item.get("status"))


def _boot_loader(item: Mapping[str, Any]) -> BootLoader:
    devices = tuple(item.get("devices") or ()) or tuple([item["device"]] if item.get("device") else [])
    default = BootLoader()
    return BootLoader(
        loader=item.get("loader") or "none",
        devices=devices,
        efi_mount_point=item.get("efiMountPoint") or "/boot",
        timeout=item.get("timeout", default.timeout),
        configuration_limit=int(item.get("configurationLimit") or default.configuration_limit),
        extra_config=item.get("extraConfig") or "",
        extra_entries=item.get("extraEntries") or "",
        extra_prepare_config=item.get("extraPrepareConfig") or "",
        serial=bool(item.get("serial", True)),
        console_mode=str(item.get("consoleMode") or "keep"),
        editor=bool(item.get("editor", False)),
    )
