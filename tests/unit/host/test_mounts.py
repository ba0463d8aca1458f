"""The /usr switch with the real kernel, in a mount namespace of its own (root only; else skipped with the reason)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = """
import os, subprocess, sys
from osconf.host import mounts

work = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "work", work], check=True)
for name in ("one", "two", "three", "target"):
    os.mkdir(f"{work}/{name}")
    with open(f"{work}/{name}/who", "w") as file:
        file.write(name)
target = f"{work}/target"
subprocess.run(["mount", "--bind", f"{work}/one", target], check=True)
subprocess.run(["mount", "--make-rshared", "/"], check=True)

# A service: its own namespace, mounts of the host propagate into it.
service = subprocess.Popen(
    ["unshare", "--mount", "--propagation", "slave", "sh", "-c", f"echo ready; read line; cat {target}/who"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
assert service.stdout.readline() == "ready\\n"

def who():
    with open(f"{target}/who") as file:
        return file.read()

assert who() == "one"
mounts.switch_mount(f"{work}/two", target)
assert who() == "two", who()
assert mounts.same_directory(f"{work}/two", target)
try:
    open(f"{target}/new", "w")
except OSError as error:
    assert error.errno == 30, error  # EROFS
else:
    raise AssertionError("the new mount is writable")
open(f"{work}/two/new", "w").close()  # the source itself stays writable
mounts.switch_mount(f"{work}/three", target)
assert who() == "three"
layers = sum(1 for mount in mounts._read_mounts() if mount.mount_point == target)
assert layers <= 2, layers
with open("/proc/self/mountinfo") as table:
    for line in table:
        if line.split(" ")[4] == target:
            assert "shared:" not in line, line
out, _ = service.communicate("go\\n")
assert out == "one", out
held = open(f"{target}/who")
mounts.switch_mount(f"{work}/one", target)
assert held.read() == "three"
print("layers", layers)
"""


def test_switch_replaces_usr_and_leaves_services_alone(tmp_path: Path) -> None:
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"mount namespaces are not permitted here: {allowed.stderr.strip()}")
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", SCENARIO, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    if "EPERM" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    print(done.stdout)
