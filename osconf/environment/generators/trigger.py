"""Triggers: tools of the environment that build a cache from its files."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.farm import Farm
from osconf.environment.workshop import Workshop, read_record, read_status
from osconf.errors import BuildError


@dataclass(frozen=True, slots=True)
class Trigger:
    """One cache: `command` (sh) runs when every path of `needs` exists and a file matches `watches`.

    Of what it writes below /usr and /etc, only paths matching `outputs` are taken. `ld.so.cache` is there already.
    """

    name: str
    needs: tuple[str, ...]
    watches: tuple[str, ...]
    command: str
    outputs: tuple[str, ...]

    def applies(self, farm: Farm) -> bool:
        """Whether the tree holds the tool and something for it to do."""
        return all(farm.has(path) for path in self.needs) and any(farm.has_below(path) for path in self.watches)


LDCONFIG = Trigger(
    "ldconfig",
    needs=("usr/sbin/ldconfig",),
    watches=("usr/lib",),
    command="/usr/sbin/ldconfig -i -X -C /usr/lib/osconf-ld.so.cache",
    outputs=("usr/lib/osconf-ld.so.cache",),
)

TRIGGERS: tuple[Trigger, ...] = (
    Trigger(
        "glib-schemas",
        needs=("usr/bin/glib-compile-schemas",),
        watches=("usr/share/glib-2.0/schemas",),
        command="glib-compile-schemas /usr/share/glib-2.0/schemas",
        outputs=("usr/share/glib-2.0/schemas/gschemas.compiled",),
    ),
    Trigger(
        "glib-schemas-multiarch",
        needs=(),
        watches=("usr/share/glib-2.0/schemas",),
        command="test -e /usr/bin/glib-compile-schemas || "
        "/usr/lib/*-linux-gnu/glib-2.0/glib-compile-schemas /usr/share/glib-2.0/schemas",
        outputs=("usr/share/glib-2.0/schemas/gschemas.compiled",),
    ),
    Trigger(
        "gdk-pixbuf",
        needs=(),
        watches=("usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0", "usr/lib/aarch64-linux-gnu/gdk-pixbuf-2.0"),
        command="for query in /usr/lib/*-linux-gnu/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders; do\n"
        '  if test -x "$query"; then "$query" --update-cache; fi\ndone',
        outputs=("usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache",),
    ),
    Trigger(
        "gio-modules",
        needs=(),
        watches=("usr/lib/x86_64-linux-gnu/gio/modules", "usr/lib/aarch64-linux-gnu/gio/modules"),
        command="for modules in /usr/lib/*-linux-gnu/gio/modules; do\n"
        '  /usr/lib/*-linux-gnu/glib-2.0/gio-querymodules "$modules"\ndone',
        outputs=("usr/lib/*/gio/modules/giomodule.cache",),
    ),
    Trigger(
        "gtk3-immodules",
        needs=(),
        watches=("usr/lib/x86_64-linux-gnu/libgtk-3-0t64", "usr/lib/aarch64-linux-gnu/libgtk-3-0t64"),
        command="for query in /usr/lib/*-linux-gnu/libgtk-3-0t64/gtk-query-immodules-3.0; do\n"
        '  if test -x "$query"; then "$query" --update-cache; fi\ndone',
        outputs=("usr/lib/*/gtk-3.0/*/immodules.cache",),
    ),
    Trigger(
        "mime",
        needs=("usr/bin/update-mime-database",),
        watches=("usr/share/mime/packages",),
        command="update-mime-database /usr/share/mime",
        outputs=("usr/share/mime/*",),
    ),
    Trigger(
        "desktop-database",
        needs=("usr/bin/update-desktop-database",),
        watches=("usr/share/applications",),
        command="update-desktop-database /usr/share/applications",
        outputs=("usr/share/applications/mimeinfo.cache",),
    ),
    Trigger(
        "icon-caches",
        needs=("usr/bin/gtk-update-icon-cache",),
        watches=("usr/share/icons",),
        command="for theme in /usr/share/icons/*/index.theme; do\n"
        '  if test -e "$theme"; then gtk-update-icon-cache --force --quiet "${theme%/index.theme}"; fi\ndone',
        outputs=("usr/share/icons/*/icon-theme.cache",),
    ),
    Trigger(
        "hwdb",
        needs=("usr/bin/systemd-hwdb",),
        watches=("usr/lib/udev/hwdb.d",),
        command="systemd-hwdb --usr update",
        outputs=("usr/lib/udev/hwdb.bin",),
    ),
    Trigger(
        "journal-catalog",
        needs=("usr/bin/journalctl",),
        watches=("usr/lib/systemd/catalog",),
        command="mkdir -p /var/lib/systemd/catalog && journalctl --update-catalog"
        " && mkdir -p /usr/share/factory/var/lib/systemd/catalog"
        " && cp /var/lib/systemd/catalog/database /usr/share/factory/var/lib/systemd/catalog/database",
        outputs=("usr/share/factory/var/lib/systemd/catalog/database",),
    ),
    Trigger(
        "fontconfig",
        needs=("usr/bin/fc-cache",),
        watches=("usr/share/fonts",),
        # A cache is valid for one modification time of its directory: the store's.
        command="find /usr/share/fonts -type d -exec touch -d @1 {} +\n"
        "mkdir -p /var/cache/fontconfig && fc-cache --system-only --really-force\n"
        "mkdir -p /usr/share/factory/var/cache\n"
        "cp -r /var/cache/fontconfig /usr/share/factory/var/cache/fontconfig",
        outputs=("usr/share/factory/var/cache/fontconfig/*",),
    ),
    Trigger(
        "certificate-links",
        needs=("usr/bin/openssl", "etc/ssl/certs/ca-certificates.crt"),
        watches=("etc/ssl/certs",),
        command="openssl rehash /etc/ssl/certs",
        outputs=("etc/ssl/certs/*",),
    ),
    Trigger(
        "info-directory",
        needs=("usr/bin/install-info", "usr/bin/gzip"),
        watches=("usr/share/info",),
        command="for file in /usr/share/info/*.info /usr/share/info/*.info.gz; do\n"
        '  if test -e "$file"; then install-info --quiet "$file" /usr/share/info/dir 2> /dev/null || true; fi\ndone',
        outputs=("usr/share/info/dir",),
    ),
)

# Every trigger is independent of the others; ldconfig comes first because they all load libraries.
_DRIVER = r"""#!/usr/bin/sh
export PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 HOME=/tmp SOURCE_DATE_EPOCH=1 PYTHONHASHSEED=0
test -e /rec/triggers/ldconfig && sh /rec/run ldconfig
cd /rec/triggers
for trigger in *; do
    if [ "$trigger" != ldconfig ]; then printf '%s\n' "$trigger"; fi
done | if [ -x /usr/bin/xargs ]; then
    xargs -n 1 -P 4 sh /rec/run
else
    while read -r trigger; do sh /rec/run "$trigger"; done
fi
exit 0
"""
_RUN = r"""
sh -e "/rec/triggers/$1" > "/rec/output/$1" 2>&1 < /dev/null
echo "$1	$?" >> /rec/status
"""


def run_triggers(farm: Farm, triggers: tuple[Trigger, ...], workshop: Workshop) -> list[str]:
    """Run the triggers that apply and take their outputs into the farm; returns warnings.

    An environment without a shell gets no caches: whoever leaves out the Essential packages wants the bare files.
    Raises BuildError `trigger-failed` when ldconfig fails: nothing works without its cache.
    """
    due = [trigger for trigger in triggers if trigger.applies(farm)]
    if not due or not farm.has("usr/bin/sh"):
        return []
    record = workshop.make_directory("triggers")
    for name in ("triggers", "output"):
        (record / name).mkdir()
    (record / "status").touch()
    (record / "driver").write_text(_DRIVER)
    (record / "run").write_text(_RUN)
    for trigger in due:
        (record / "triggers" / trigger.name).write_text(trigger.command + "\n")
    result = workshop.run(["/usr/bin/sh", "/rec/driver"], record=record)
    codes = read_status(record)
    warnings: list[str] = []
    for trigger in due:
        code = codes.get(trigger.name, "not run")
        if code == "0":
            continue
        text = read_record(record, f"output/{trigger.name}") if code != "not run" else result.output
        if trigger is LDCONFIG:
            raise BuildError(f"ldconfig failed in the new environment: {text[-500:]}", code="trigger-failed")
        warnings.append(f"the trigger {trigger.name} ended with {code}: {text.strip()[-200:]}")
    patterns = tuple(pattern for trigger in due for pattern in trigger.outputs)
    for prefix, upper in (("usr", result.usr), ("etc", result.etc)):
        take_matching(farm, prefix, upper, patterns)
    return warnings


def take_matching(farm: Farm, prefix: str, upper: Path, patterns: tuple[str, ...]) -> None:
    """Move new files and links of an overlay's upper layer into the farm, if they match a pattern."""
    for path in sorted(upper.rglob("*")):
        if path.is_symlink() or path.is_file():
            relative = f"{prefix}/{path.relative_to(upper).as_posix()}"
            if any(fnmatch.fnmatchcase(relative, pattern) for pattern in patterns):
                farm.take(relative, path)
