"""A real systemd in namespaces of its own, on closures that a test makes: live switches without a virtual machine.

The root is an overlay over this machine's root, thrown away afterwards; every environment is an overlay over its /usr.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from osconf.activation.closure import Closure
from tests.unit.activation.conftest import World

TREE = Path(__file__).parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
# What would touch this machine's devices or waits for something that namespaces do not have.
MASKED = """
  systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
  systemd-journald.service systemd-journald-dev-log.service systemd-journal-flush.service systemd-journald.socket
  systemd-journald-dev-log.socket systemd-journald-audit.socket systemd-logind.service systemd-networkd.service
  systemd-resolved.service systemd-timesyncd.service e2scrub_reap.service getty@tty1.service tmp.mount
  dev-mqueue.mount dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount
"""
TARGET = "[Unit]\nDescription=Nested system\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n"

SETUP = r"""
set -e
folder=$1 first=$2
mount --make-rprivate /
mount -t tmpfs nested /mnt
mkdir /mnt/up /mnt/work /mnt/root
root=/mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work $root
mount -t proc proc $root/proc
mount -t sysfs sys $root/sys
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
mount --rbind /dev $root/dev
mount -t tmpfs -o mode=755 run $root/run
mkdir -p $root/run/wrappers $root/run/systemd/system/default.target.wants
mount -t tmpfs -o mode=755,nodev wrappers $root/run/wrappers
mount -t tmpfs tmp $root/tmp
mkdir $root/tmp/nested
mount --bind $folder $root/tmp/nested
rm -rf $root/etc/systemd/system $root/etc/motd
rm -rf $root/osconf
cp -a $folder/world/osconf $root/osconf
cp -a $folder/activator $root/osconf/activator
for usr in $root/osconf/store/*-env/usr; do
  name=$(basename $(dirname $usr))
  mkdir -p /mnt/$name/up/lib/python3 /mnt/$name/up/share /mnt/$name/work
  cp -a $folder/python /mnt/$name/up/lib/python3/dist-packages
  echo $name > /mnt/$name/up/share/osconf-environment
  mount -t overlay overlay -o lowerdir=$root/usr,upperdir=/mnt/$name/up,workdir=/mnt/$name/work $usr
done
mount --bind $root/osconf/store/$(basename $(readlink $root$first/environment))/usr $root/usr
mount -o remount,bind,ro $root/usr
chroot $root $first/activate boot
cat > $root/run/systemd/system/nested-test.service <<END
[Unit]
After=default.target
[Service]
Type=oneshot
ExecStart=/bin/bash /tmp/nested/script
Environment=PATH=/usr/sbin:/usr/bin
StandardOutput=file:/tmp/nested/output
StandardError=file:/tmp/nested/output
ExecStopPost=/bin/systemctl --force --force poweroff
END
ln -s ../nested-test.service $root/run/systemd/system/default.target.wants/
cd $root
mkdir -p old
pivot_root . old
umount -l old
export container=osconf-test
exec chroot . /lib/systemd/systemd --system --log-target=null --show-status=no
"""

PROGRAM = """#!/usr/bin/python3 -IS
import os, sys
sys.path.insert(0, "/osconf/activator")
from osconf.activation.{module} import main
sys.exit(main(sys.argv[1:], {folder}))
"""


class NestedSystem:
    """Makes closures that real systemd can run, and runs a script inside the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder / "world")
        self._copy_activator()

    def make_closure(
        self, name: str, units: Mapping[str, str], environment: str | None = None, **fields: object
    ) -> Closure:
        """Make a closure; services in `units` are wanted by default.target."""
        everything = {"default.target": TARGET, **{unit: "-> /dev/null" for unit in MASKED.split()}, **units}
        for unit in units:
            everything[f"default.target.wants/{unit}"] = f"-> ../{unit}"
        closure = self.world.make_closure(name, units=everything, environment=environment, **fields)
        self._write_program(f"{closure.path}/activate", "__main__", "os.path.dirname(os.path.abspath(__file__))")
        launcher_folder = "os.path.dirname(os.path.dirname(os.path.abspath(__file__)))"
        self._write_program(f"{closure.path}/bin/switch-to-configuration", "launcher", launcher_folder)
        return closure

    def run(self, first: Closure, script: str, timeout: float = 120) -> str:
        """Boot `first`, run a bash script in it, return what it printed; skips where this is not permitted."""
        (self.folder / "script").write_text(script)
        output = self.folder / "output"
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", "--net", "--cgroup"]
        done = subprocess.run(
            [*command, "bash", "-c", SETUP, "setup", str(self.folder), first.path],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if not output.exists():
            refusals = ("Operation not permitted", "unknown filesystem", "wrong fs type", "Permission denied")
            if any(word in done.stderr for word in refusals):
                pytest.skip(f"a nested systemd is not permitted here: {done.stderr.strip().splitlines()[-1]}")
            raise AssertionError(f"the nested system did not start:\n{done.stdout}{done.stderr}")
        return output.read_text()

    def _copy_activator(self) -> None:
        ignore = shutil.ignore_patterns("__pycache__")
        for name in ("activation", "host", "model"):
            shutil.copytree(TREE / "osconf" / name, self.folder / "activator/osconf" / name, ignore=ignore)
        for name in ("__init__.py", "errors.py", "log.py"):
            shutil.copy(TREE / "osconf" / name, self.folder / "activator/osconf" / name)
        import lxml
        import pystemd

        for module in (lxml, pystemd):
            folder = Path(str(module.__file__)).parent
            shutil.copytree(folder, self.folder / "python" / folder.name, ignore=ignore)

    def _write_program(self, path: str, module: str, folder: str) -> None:
        self.world.write(path, PROGRAM.format(module=module, folder=folder))
        (self.world.root / path.lstrip("/")).chmod(0o755)


@pytest.fixture
def nested_system(tmp_path: Path) -> NestedSystem:
    """Return a builder of closures for a nested systemd; skips with the reason where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("a nested systemd needs root")
    if not SYSTEMD.exists():
        pytest.skip(f"{SYSTEMD} is not installed")
    pytest.importorskip("pystemd")
    version = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True, check=False).stdout
    if not version.startswith(f"Python {sys.version_info.major}.{sys.version_info.minor}."):
        pytest.skip(f"pystemd is for another Python than /usr/bin/python3 ({version.strip()})")
    return NestedSystem(tmp_path)
