"""Building in the sandbox: the world that a builder sees.

Inside are the closure of the inputs at its logical place, the outputs to be made, a build directory and, when the
derivation names an `osconfEnvironment`, that environment as /usr and /etc. The store directory inside is a directory of
the real store's filesystem, so that outputs need no copy.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Event

from osconf.build.attributes import BUILD_DIR, prepare_input
from osconf.build.inputs import input_paths
from osconf.build.logs import BuildLog
from osconf.build.placeholders import real_text, replace_placeholders
from osconf.build.settings import BuildSettings
from osconf.build.users import can_change_user, claim_build_user, hand_over
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.sandbox.command import describe_command, with_shell
from osconf.sandbox.run import SandboxError, run_in_sandbox
from osconf.sandbox.spec import Bind, OutsideUser, SandboxResult, SandboxSpec
from osconf.store.follow import follow_links
from osconf.store.local import LocalStore

ENTER = "enter"
"""The script beside a kept build directory that opens a shell in its sandbox."""

_BUILD_UID, _BUILD_GID = 1000, 100
_USR_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_PASSWD = (
    "root:x:0:0:root:{build}:/noshell\nbuilder:x:1000:100:builder:{build}:/noshell\n"
    "nobody:x:65534:65534:nobody:/:/noshell\n"
)
_GROUP = "root:x:0:\nbuilder:!:100:\nnogroup:x:65534:\n"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_NETWORK_FILES = ("resolv.conf", "hosts", "services", "protocols")


def build_in_sandbox(
    store: LocalStore,
    drv_path: str,
    drv: Derivation,
    work: Path,
    log: BuildLog,
    settings: BuildSettings,
    cancelled: Event,
) -> Mapping[str, Path]:
    """Run the builder; returns the physical places of the outputs that it should have made."""
    _check_platform(drv_path, drv, settings)
    spec = describe_build(store, drv_path, drv, work, settings)
    try:
        with _claim_user(store, spec) as user:
            if user is not None:
                hand_over(user, work / "store", work / "build")
                spec = replace(spec, outside=user)
            if settings.keep_failed:
                inside = with_shell(spec, _shell_of(store, drv, spec))
                (work / ENTER).write_text(f"exec {describe_command(inside)}\n", encoding="utf-8")
            result = run_in_sandbox(spec, sink_data=log.data, cancelled=cancelled)
    except SandboxError as error:
        hint = error.hint or _explain_start(drv, error.message)
        raise BuildError(f"cannot build '{drv.name}': {error.message}", drv=drv_path, hint=hint) from error
    _check_result(drv_path, drv, result, settings)
    return {name: work / "store" / output.path.rpartition("/")[2] for name, output in drv.outputs.items()}


def _explain_start(drv: Derivation, message: str) -> str | None:
    """Why a builder may not start, by the kernel's words for it."""
    if message.endswith(os.strerror(errno.E2BIG)):
        return "name its long attributes in 'passAsFile', or set '__structuredAttrs = true'"
    if message.endswith(os.strerror(errno.EACCES)):
        return "the builder has to be an executable file"
    if _environment_of(drv) is None and message.endswith(os.strerror(errno.ENOENT)):
        return "the sandbox holds the inputs alone; name an environment in 'osconfEnvironment' for a shell and tools"
    return None


def _shell_of(store: LocalStore, drv: Derivation, spec: SandboxSpec) -> tuple[str, ...]:
    """What a person gets in the sandbox: the environment's bash, or the builder, which mostly is a shell."""
    environment = _environment_of(drv)
    if environment is not None and (store.real_path(environment) / "usr/bin/bash").exists():
        return ("/usr/bin/bash",)
    return spec.argv[:1]


def _claim_user(store: LocalStore, spec: SandboxSpec) -> AbstractContextManager[OutsideUser | None]:
    """Who the builder is outside. One that is root inside stays the caller: to it the store's files must be root's, or
    images and archives that it makes would have the wrong owners."""
    return nullcontext() if spec.uid == 0 else claim_build_user(store, _groups_of(spec.devices))


def _groups_of(devices: tuple[str, ...]) -> tuple[int, ...]:
    """The groups that may use these devices."""
    return tuple({Path("/dev", name).stat().st_gid for name in devices if Path("/dev", name).exists()})


def _check_platform(drv_path: str, drv: Derivation, settings: BuildSettings) -> None:
    if drv.system not in (settings.system, "builtin") and (settings.system, drv.system) != (
        "x86_64-linux",
        "i686-linux",
    ):
        raise BuildError(
            f"derivation '{drv.name}' is for '{drv.system}', this machine is '{settings.system}'",
            drv=drv_path,
            code="wrong-system",
        )
    missing = _features(drv) - settings.features
    if missing:
        raise BuildError(
            f"derivation '{drv.name}' needs features that this machine lacks: {', '.join(sorted(missing))}",
            drv=drv_path,
            code="missing-features",
        )


def _features(drv: Derivation) -> set[str]:
    return set(_names(drv, "requiredSystemFeatures"))


def _names(drv: Derivation, attribute: str) -> list[str]:
    """An attribute that is a list of words."""
    if drv.structured is not None:
        value = drv.structured.get(attribute)
        return [str(item) for item in value] if isinstance(value, list) else []
    return drv.env.get(attribute, "").split()


def _check_result(drv_path: str, drv: Derivation, result: SandboxResult, settings: BuildSettings) -> None:
    if result.succeeded:
        return
    if result.cancelled:
        raise BuildError(f"the build of '{drv.name}' was interrupted", drv=drv_path, code="interrupted")
    if result.timed_out:
        message = f"the build of '{drv.name}' took longer than {settings.timeout:g} seconds"
        raise BuildError(message, drv=drv_path, code="build-timeout")
    if result.silent:
        message = f"the build of '{drv.name}' said nothing for {settings.max_silent_time:g} seconds"
        raise BuildError(message, drv=drv_path, code="build-timeout")
    signal_name = name_signal(result.exit_code - 128)
    how = f"{result.exit_code}, as when {signal_name} ends a program" if signal_name else str(result.exit_code)
    hint = "the kernel does this when memory runs out: `dmesg` tells" if signal_name == "SIGKILL" else None
    raise BuildError(f"the builder of '{drv.name}' failed with exit code {how}", drv=drv_path, hint=hint)


def name_signal(number: int) -> str:
    """The name of a signal; empty when there is none of this number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def describe_build(
    store: LocalStore, drv_path: str, drv: Derivation, work: Path, settings: BuildSettings
) -> SandboxSpec:
    """The sandbox of a build; makes its directories below `work` and writes the files that the builder reads."""
    builder_input = prepare_input(store, drv_path, drv)
    build = work / "build"
    (work / "store").mkdir()
    build.mkdir()
    for name, content in builder_input.files.items():
        (build / name).write_bytes(content)
    features = _features(drv)
    as_root = "uid-range" in features
    environment = _environment_of(drv)
    inputs = store.closure(input_paths(store, drv))
    if environment is not None and (
        ".." in environment.split("/") or not any(f"{environment}/".startswith(f"{path}/") for path in inputs)
    ):
        raise BuildError(
            f"'{drv.name}' wants the environment '{environment}', which is not among its inputs",
            drv=drv_path,
            hint='name it as "${environment}", so that it is built first',
        )
    is_networked = drv.is_fixed_output
    if as_root and is_networked and can_change_user():
        # It would be the machine's root to everything that listens on its network.
        raise BuildError(
            f"the fixed output '{drv.name}' cannot be built as root of its sandbox ('uid-range') with the network",
            drv=drv_path,
        )
    env = {
        **_base_environment(store, settings, environment is not None),
        **builder_input.env,
        **_final_environment(drv, settings),
    }
    return SandboxSpec(
        argv=(
            real_text(replace_placeholders(drv, drv.builder)),
            *(real_text(replace_placeholders(drv, argument)) for argument in drv.args),
        ),
        env=env,
        cwd=BUILD_DIR,
        uid=0 if as_root else _BUILD_UID,
        gid=0 if as_root else _BUILD_GID,
        network=is_networked,
        # Whoever asked for the build could change its output, after it was checked, through an open file.
        unix_sockets=not (is_networked and can_change_user()),
        binds=(
            Bind(work / "store", store.store_dir, read_only=False),
            Bind(build, BUILD_DIR, read_only=False),
            *(Bind(store.real_path(path), path) for path in inputs),
            *([Bind(follow_links(store.layout, f"{environment}/usr"), "/usr")] if environment else []),
            *_shell_binds(settings, environment),
            *(Bind(source, target) for target, source in sorted(settings.sandbox_paths.items())),
            *(Bind(f"/etc/{name}", f"/etc/{name}", optional=True) for name in _NETWORK_FILES if is_networked),
        ),
        tmpfs=("/tmp",),
        symlinks=tuple(_environment_links(store, environment)) if environment else (),
        files=_etc_files(is_networked),
        devices=("kvm",) if "kvm" in features else (),
        timeout=settings.timeout,
        max_silent_time=settings.max_silent_time,
    )


def _shell_binds(settings: BuildSettings, environment: str | None) -> Iterator[Bind]:
    """/bin/sh, unless there is one already."""
    if environment is None and settings.shell is not None and not {"/bin", "/bin/sh"} & settings.sandbox_paths.keys():
        shell = settings.shell()
        if shell is not None:
            yield Bind(shell, "/bin/sh")


def _environment_of(drv: Derivation) -> str | None:
    value = drv.env.get("osconfEnvironment")
    if value is None and drv.structured is not None:
        value = str(drv.structured.get("osconfEnvironment") or "")
    return value or None


def _base_environment(store: LocalStore, settings: BuildSettings, has_environment: bool) -> dict[str, str]:
    """What the attributes of a derivation may override."""
    return {
        "PATH": "/usr/bin:/usr/sbin" if has_environment else "/path-not-set",
        "HOME": "/homeless-shelter",
        "NIX_STORE": store.store_dir,
        "NIX_BUILD_CORES": str(settings.cores),
    }


def _final_environment(drv: Derivation, settings: BuildSettings) -> dict[str, str]:
    """What is so whatever a derivation says; a fixed output may ask for variables of whoever builds."""
    asked = {name: settings.environment.get(name, "") for name in _names(drv, "impureEnvVars")}
    return {
        **dict.fromkeys(("NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"), BUILD_DIR),
        **({"NIX_OUTPUT_CHECKED": "1", **asked} if drv.is_fixed_output else {}),
        "NIX_LOG_FD": "2",
        "TERM": "xterm-256color",
    }


def _environment_links(store: LocalStore, environment: str) -> Iterator[tuple[str, str]]:
    """Links that make an environment usable: the merged /usr, its /etc, and what runs setuid on a real system."""
    usr, etc, description = (
        follow_links(store.layout, f"{environment}/{name}", follow_last=True)
        for name in ("usr", "etc", "environment.json")
    )
    for name in _USR_LINKS:
        if (usr / name).is_dir():
            yield f"usr/{name}", f"/{name}"
    own = {path.rpartition("/")[2] for path, _ in _etc_files(False)}
    if etc.is_dir():
        for entry in sorted(etc.iterdir()):
            if entry.name not in own:
                yield f"{environment}/etc/{entry.name}", f"/etc/{entry.name}"
    if description.is_file():
        for wrapper in json.loads(description.read_text("utf-8")).get("wrappers", ()):
            source, name = str(wrapper["source"]), str(wrapper["name"])
            # The description may be a stranger's: its names must be names.
            if source.startswith(f"{store.store_dir}/") and "/" not in name and name not in ("", ".", ".."):
                yield source, f"/run/wrappers/bin/{name}"


def _etc_files(is_networked: bool) -> tuple[tuple[str, str], ...]:
    files = [
        ("/etc/passwd", _PASSWD.format(build=BUILD_DIR)),
        ("/etc/group", _GROUP),
        ("/etc/nsswitch.conf", f"passwd: files\ngroup: files\nhosts: files{' dns' if is_networked else ''}\n"),
    ]
    if not is_networked:
        files.append(("/etc/hosts", _HOSTS))
    return tuple(files)
