"""Files of /etc that maintainer scripts would make, derived from what the packages hold.

Each rule looks for its sources in the tree and writes nothing where they are missing. What recorded scripts made is
taken over first, so these rules have the last word.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from osconf.environment.facts import Facts
from osconf.environment.farm import Farm
from osconf.environment.pam import write_common_stacks

# Default files that scripts copy when /etc has none: destination -> source.
_DEFAULTS = {
    "etc/profile": "usr/share/base-files/profile",
    "etc/ssh/sshd_config": "usr/share/openssh/sshd_config",
    "etc/inputrc": "usr/share/readline/inputrc",
}
_LD_SO_CACHE = "../usr/lib/osconf-ld.so.cache"


def write_etc_files(farm: Farm, facts: Facts) -> None:
    """Complete the farm's `etc`."""
    for destination, source in sorted(_DEFAULTS.items()):
        if farm.plan.resolve(source) is not None:
            farm.write(destination, farm.read(source))
    _write_nsswitch(farm)
    _write_shells(farm, facts.shells)
    write_common_stacks(farm)
    _choose_word_list(farm)
    farm.link("etc/ld.so.cache", _LD_SO_CACHE)


def _write_nsswitch(farm: Farm) -> None:
    """nsswitch.conf(5) with the modules that the environment really has."""
    template = farm.read("usr/share/libc-bin/nsswitch.conf")
    if not template:
        return
    modules = {
        path.rpartition("libnss_")[2].partition(".so")[0]
        for path in farm.plan.under("usr/lib")
        if "/libnss_" in path and ".so.2" in path
    }
    lines = [_extend_service(line, modules) for line in template.splitlines()]
    farm.write("etc/nsswitch.conf", "\n".join(lines) + "\n")


def _extend_service(line: str, modules: set[str]) -> str:
    service, separator, rest = line.partition(":")
    words = rest.split()
    if not separator or line.startswith("#"):
        return line
    if service in {"passwd", "group", "shadow", "gshadow"} and "systemd" in modules and "systemd" not in words:
        words += ["[SUCCESS=merge]", "systemd"] if service == "group" else ["systemd"]
    if service == "hosts":
        if "mdns4_minimal" in modules and "mdns4_minimal" not in words:
            words[1:1] = ["mdns4_minimal", "[NOTFOUND=return]"]
        if "resolve" in modules and "resolve" not in words:
            position = words.index("dns") if "dns" in words else len(words)
            words[position:position] = ["resolve", "[!UNAVAIL=return]"]
        if "mymachines" in modules and "mymachines" not in words:
            words.insert(0, "mymachines")
        if "myhostname" in modules and "myhostname" not in words:
            words.insert(words.index("dns") if "dns" in words else len(words), "myhostname")
    return f"{service + ':':<16}{' '.join(words)}"


def _write_shells(farm: Farm, recorded: Iterable[str]) -> None:
    """/etc/shells as update-shells(8) makes it."""
    shells: list[str] = []
    for path in ["usr/share/debianutils/shells", *farm.plan.under("usr/share/debianutils/shells.d")]:
        shells += [line.strip() for line in farm.read(path).splitlines() if line.startswith("/")]
    shells += recorded
    known: list[str] = []
    for shell in shells:
        both = (shell, f"/usr{shell}") if shell.startswith("/bin/") else (shell.removeprefix("/usr"), shell)
        known += [path for path in both if path not in known]
    if known:
        header = "# /etc/shells: valid login shells\n"
        farm.write("etc/shells", header + "\n".join(known) + "\n")


def _choose_word_list(farm: Farm) -> None:
    """/usr/share/dict/words, the first word list by name, as select-default-wordlist(8) takes it for English."""
    lists = [path for path in farm.plan.under("usr/share/dict") if "README" not in path and not path.endswith("/words")]
    if lists and farm.plan.resolve("usr/share/dict/words") is None:
        farm.link("usr/share/dict/words", posixpath.basename(lists[0]))
