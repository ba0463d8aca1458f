"""Run the packages' postinst scripts once, over the linked tree, and keep what they would have done.

The tree is the lower layer of an overlay, so a script cannot touch the store; shims log the calls that matter
(`shims`), new files of /etc are taken over, state becomes tmpfiles.d lines, and what no rule knows is a warning.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from osconf.environment.facts import Facts, apply_mode, parse_log
from osconf.environment.farm import Farm
from osconf.environment.knowledge import FIRST_BOOT, Privilege
from osconf.environment.manifest import Package
from osconf.environment.plan import FACTORY, hide_program
from osconf.environment.shims import CONFMODULE, DRIVER, SHIM, SHIMMED, render_defaults
from osconf.environment.state import note_state
from osconf.environment.workshop import Workshop, read_record, read_status
from osconf.store.follow import find_plain_file

# Scripts that others rely on come first: users, then awk, then the rest by name.
_FIRST = ("base-passwd", "mawk", "gawk", "base-files", "debconf")

# Scripts whose whole effect a module, a generator or a first-boot unit has taken over; running them only costs time.
_REPLACED = re.compile(
    r"""(?x) linux-(image|headers)-.* | initramfs-tools.* | dracut.* | grub-.* | ca-certificates(-java)? | man-db
    | locales | tzdata | debconf | dpkg | apt | python3(\.\d+)?(-minimal)? | libpython3.* | fontconfig | libc-bin
    | ssl-cert | shared-mime-info | libgdk-pixbuf.* | libglib2.* | udev | systemd | dbus(-.*)? | libpam-.*
    | install-info"""
)

# Text of /etc that belongs to the machine or to a rule of ours, never to a recorded script.
_NOT_FROM_SCRIPTS = re.compile(
    r"""(?x) etc/( (passwd|group|shadow|gshadow|subuid|subgid)-? | .*\.lock | machine-id | hostname | hosts | fstab
    | resolv\.conf | mtab | adjtime | localtime | timezone | default/locale | locale\.gen | ld\.so\.cache
    | alternatives(/.*)? | ssl/(private|certs)(/.*)? | ssh/ssh_host.* | rc[0-9S]\.d/.* | systemd/system/.* | apt/.*
    | runit/.* | .*\.(dpkg|ucf)-(new|old|dist) | .*\.old )$"""
)
# Parts of /usr that generators of ours make, or that belong to the machine.
_NOT_IN_USR = re.compile(
    r"usr/local(/|$)|usr/lib/modules(/|$)|.*/__pycache__(/|$)|.*\.pyc$|usr/s?bin/[^/]*\.dpkg-|usr/share/mime"
)
# State of dpkg, debconf and systemd's helpers, and what every Linux system has.
_EXPECTED_STATE = re.compile(
    r"""(?x) var/( lib/(dpkg|ucf|systemd|debconf|pam|dkms|python|apt|misc) | cache/(debconf|ldconfig|man|apt|fontconfig)
    | mail | spool/mail | run | lock | tmp )(/|$)
    | var/(lib|cache|log|spool|log/[^/]+\.log|log/[bw]tmp|log/lastlog|log/.*/.*\.log)$"""
)


# What mktemp(1) makes of a template.
_TEMPORARY = re.compile(r"\.[A-Za-z0-9]{6,12}$")
_LARGEST_TEMPLATE = 64 * 1024


def record_scripts(farm: Farm, packages: Iterable[Package], workshop: Workshop) -> Facts:
    """Record the postinst scripts of `packages`; new files of /etc are put into the farm."""
    facts = Facts()
    scripted = _order([package for package in packages if _is_worth_recording(package)])
    if not scripted or not farm.has("usr/bin/dash"):
        return facts
    record = workshop.make_directory("record")
    _prepare(record, scripted)
    result = workshop.run(
        ["/usr/bin/dash", "/rec/driver"],
        record=record,
        usr_layers=[_write_shims(workshop.make_directory("shims"), farm)],
        etc_layers=[_seed_etc(workshop.make_directory("seed"), farm)],
        var_layer=_make_var(workshop.make_directory("var"), farm),
    )
    if result.exit_code != 0:
        facts.warnings.append(f"recording the maintainer scripts failed ({result.exit_code}): {result.output[-300:]}")
    _read_logs(record, scripted, facts)
    _take_usr(farm, result.usr, facts)
    _take_etc(farm, result.etc, facts)
    _note_state(farm, result.var, facts)
    _forget_temporary(farm, result.var, facts)
    _grant_privileges(farm, facts)
    return facts


def _is_worth_recording(package: Package) -> bool:
    if _REPLACED.fullmatch(package.name):
        return False
    text = package.read_control_file("postinst")
    return any(not _is_boilerplate(line) for line in strip_helper_sections(text).splitlines())


_SECTION = re.compile(
    r"^# Automatically added by dh_(installinit|installsystemd|installsystemduser|python3|installtmpfiles|installudev|"
    r"installsysusers|installdeb|makeshlibs|icons|installdebconf|installmime|systemd_\w+|apparmor|installmenu|gconf|"
    r"installxfonts|usrlocal|runit|bash-completion|installinitramfs)\b.*?^# End automatically added section$",
    re.MULTILINE | re.DOTALL,
)


def strip_helper_sections(text: str) -> str:
    """A script without the parts debhelper adds for what units, sysusers and generators do here."""
    return _SECTION.sub("", text)


def _is_boilerplate(line: str) -> bool:
    line = line.strip()
    return not line or line.startswith("#") or re.fullmatch(r"set -[eux]+|exit 0|:|true|fi|esac|;;", line) is not None


def _order(packages: list[Package]) -> list[Package]:
    def rank(package: Package) -> tuple[int, bool, str]:
        first = _FIRST.index(package.name) if package.name in _FIRST else len(_FIRST)
        return first, not package.is_essential, package.name

    return sorted(packages, key=rank)


def _prepare(record: Path, packages: list[Package]) -> None:
    for name in ("scripts", "output", "logs", "defaults"):
        (record / name).mkdir()
    (record / "log").touch()
    (record / "status").touch()
    (record / "driver").write_text(DRIVER)
    (record / "shim").write_text(SHIM)
    (record / "shim").chmod(0o755)
    (record / "order").write_text("".join(f"{package.name}\t{package.architecture}\n" for package in packages))
    for package in packages:
        script = record / "scripts" / package.name
        script.write_text(package.read_control_file("postinst"))
        script.chmod(0o755)
        templates = package.read_control_file("templates")
        (record / "defaults" / package.name).write_text(render_defaults(templates))


def _write_shims(layer: Path, farm: Farm) -> Path:
    for directory in ("bin", "sbin"):
        (layer / directory).mkdir()
    for name in SHIMMED:
        is_system = farm.has(f"usr/sbin/{name}") and not farm.has(f"usr/bin/{name}")
        (layer / ("sbin" if is_system else "bin") / name).symlink_to("/rec/shim")
    confmodule = layer / "share/debconf/confmodule"
    confmodule.parent.mkdir(parents=True)
    confmodule.write_text(CONFMODULE)
    return layer


def _seed_etc(layer: Path, farm: Farm) -> Path:
    """Accounts and names that scripts look up; they never leave the sandbox."""
    passwd = farm.read("usr/share/base-passwd/passwd.master") or "root:x:0:0:root:/root:/bin/sh\n"
    (layer / "passwd").write_text(passwd)
    (layer / "group").write_text(farm.read("usr/share/base-passwd/group.master") or "root:x:0:\n")
    (layer / "hostname").write_text("osconf\n")
    (layer / "hosts").write_text("127.0.0.1 localhost osconf\n")
    (layer / "alternatives").mkdir()
    return layer


def _make_var(layer: Path, farm: Farm) -> Path:
    """What the packages ship below /var."""
    for name in ("lib/dpkg/info", "lib/dpkg/alternatives", "log", "cache", "tmp", "spool"):
        (layer / name).mkdir(parents=True)
    (layer / "run").symlink_to("/run")
    (layer / "lock").symlink_to("/run/lock")
    for path, entry in sorted(farm.plan.state.items()):
        if not path.startswith("var/"):
            continue
        place = layer / path.removeprefix("var/")
        if not _is_made_inside(layer, place):
            # Behind a link is not our directory, wherever a package says that it has something.
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "dir":
            place.mkdir(exist_ok=True)
        elif entry.kind == "link":
            place.symlink_to(entry.target)
        else:
            place.hardlink_to(farm.path(f"{FACTORY}/{path}"))
    return layer


def _is_made_inside(layer: Path, place: Path) -> bool:
    parts = place.relative_to(layer).parts
    above = [layer.joinpath(*parts[:count]) for count in range(1, len(parts))]
    return ".." not in parts and not place.is_symlink() and not any(parent.is_symlink() for parent in above)


def _read_logs(record: Path, packages: list[Package], facts: Facts) -> None:
    codes = read_status(record)
    for package in packages:
        log = find_plain_file(record, f"logs/{package.name}")
        if log is not None:
            parse_log(log.read_text(errors="replace"), facts)
        code = codes.get(package.name, "not run")
        if code != "0":
            tail = read_record(record, f"output/{package.name}").strip().splitlines()[-1:]
            facts.warnings.append(f"{package.name}: its postinst ended with {code}: {' '.join(tail)}")


def _take_usr(farm: Farm, upper: Path, facts: Facts) -> None:
    """New files of /usr join the farm; a file that a script changed is a warning, for nothing here may depend on it."""
    alternatives = {link for chosen in facts.alternatives for link in (chosen.link, *(s[0] for s in chosen.slaves))}
    for path in sorted(upper.rglob("*")):
        relative = f"usr/{path.relative_to(upper).as_posix()}"
        mode = path.lstat().st_mode
        if _NOT_IN_USR.match(relative) or f"/{relative}" in alternatives:
            continue
        if stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and not farm.plan.has(relative)):
            farm.take(relative, path)
        elif stat.S_ISREG(mode):
            _, entry = farm.plan.files.get(relative, (None, None))
            if entry is not None and hashlib.sha256(path.read_bytes()).hexdigest() != entry.digest:
                facts.warnings.append(f"a maintainer script changes /{relative}, which is left as the package ships it")


def _take_etc(farm: Farm, upper: Path, facts: Facts) -> None:
    """New files of /etc join the farm, unless they are secrets."""
    shipped = _shipped_digests(farm)
    for path in sorted(upper.rglob("*")):
        relative = f"etc/{path.relative_to(upper).as_posix()}"
        mode = path.lstat().st_mode
        if _NOT_FROM_SCRIPTS.match(relative) or FIRST_BOOT.fullmatch(relative):
            continue
        if stat.S_ISLNK(mode):
            if not str(path.readlink()).startswith("/etc/alternatives/"):
                farm.link(relative, str(path.readlink()))
        elif stat.S_ISREG(mode):
            if _is_public(path, mode, shipped):
                farm.take(relative, path)
            else:
                facts.warnings.append(f"/{relative} is made by a maintainer script as a secret of the machine")


def _shipped_digests(farm: Farm) -> frozenset[str]:
    return frozenset(entry.digest for _, entry in farm.plan.files.values())


def _is_public(path: Path, mode: int, shipped: frozenset[str]) -> bool:
    """Whether everybody may read a file, or could in the package that ships its content."""
    return bool(mode & stat.S_IROTH) or hashlib.sha256(path.read_bytes()).hexdigest() in shipped


def _is_constant(path: Path, shipped: frozenset[str]) -> bool:
    """Whether a file of /var is a template that scripts put there, not a database that grew there."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() in shipped:
        return True
    return len(content) <= _LARGEST_TEMPLATE and b"\0" not in content


def _note_state(farm: Farm, upper: Path, facts: Facts) -> None:
    """Directories of /var become tmpfiles.d lines, constant files are offered from the factory."""
    shipped = _shipped_digests(farm)
    for path in sorted(upper.rglob("*")):
        relative = f"var/{path.relative_to(upper).as_posix()}"
        mode = path.lstat().st_mode
        if _EXPECTED_STATE.match(relative) or FIRST_BOOT.fullmatch(relative) or relative in farm.plan.state:
            continue
        if stat.S_ISDIR(mode):
            note_state(farm, relative, "dir", mode)
        elif stat.S_ISLNK(mode):
            note_state(farm, relative, "link", mode, target=str(path.readlink()))
        elif stat.S_ISREG(mode):
            if _is_public(path, mode, shipped) and _is_constant(path, shipped):
                note_state(farm, relative, "file", mode | stat.S_IWUSR)
                farm.take(f"{FACTORY}/{relative}", path)
            else:
                facts.warnings.append(f"/{relative} is made by a maintainer script; a first-boot unit has to make it")


def _forget_temporary(farm: Farm, upper: Path, facts: Facts) -> None:
    """Drop owners and modes of paths that were gone when the script ended: their names are random."""
    for recorded in (facts.owners, facts.modes):
        for path in list(recorded):
            relative = path.strip("/")
            below_var = relative.removeprefix("var/")
            if below_var != relative and not relative.startswith(("var/run/", "var/lock/")):
                is_gone = relative not in farm.plan.state and not (upper / below_var).exists()
                if is_gone and not _EXPECTED_STATE.match(relative):
                    del recorded[path]
            elif _TEMPORARY.search(path):
                del recorded[path]


def _grant_privileges(farm: Farm, facts: Facts) -> None:
    """Programs that a script makes setuid, or gives capabilities, move behind /run/wrappers."""
    for path in sorted(facts.modes.keys() | facts.capabilities.keys()):
        relative = path.lstrip("/")
        if not relative.startswith("usr/") or relative not in farm.plan.files:
            continue
        _, entry = farm.plan.files[relative]
        mode = apply_mode(entry.mode, facts.modes.get(path, ""))
        capabilities = facts.capabilities.get(path, "")
        if not mode & 0o6000 and not capabilities:
            continue
        owner, group = facts.owners.get(path, (entry.owner, entry.group))
        hide_program(farm.plan, relative, Privilege(mode & 0o7777, owner, group, capabilities))
        if relative in farm.plan.links:
            farm.link(relative, farm.plan.links[relative])
