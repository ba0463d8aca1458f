"""What a start costs: code that a command does not need is not loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXPRESSION = 'derivation { name = "x"; system = "builtin"; builder = "builtin:fetchurl"; url = "file://%s"; %s }'
FIXED = 'outputHashMode = "flat"; outputHash = "sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";'
UNUSED = {
    *("ctypes", "json", "logging", "rich", "shutil", "subprocess", "urllib3"),
    *("osconf.build.realise", "osconf.lang.parser", "osconf.sandbox", "osconf.store.gc", "osconf.store.recover"),
}


def test_a_build_with_nothing_to_do_loads_nothing_that_builds(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text("x")
    environment = {
        **os.environ,
        "OSCONF_STORE": str(tmp_path / "store"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    expression = EXPRESSION % (source, 'outputHashAlgo = "sha256"; ' + FIXED)

    def build() -> set[str]:
        command = [sys.executable, "-X", "importtime", "-m", "osconf.cli", "build", "--no-link", "-E", expression]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        return {line.rpartition("|")[2].strip() for line in lines}

    assert "osconf.build.realise" in build()
    assert not UNUSED & build()


def test_an_interrupt_before_anything_is_loaded(tmp_path: Path) -> None:
    """A folder of modules before those of Python, one of which takes until somebody has enough."""
    (tmp_path / "zlib.py").write_text("raise KeyboardInterrupt")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-m", "osconf.cli", "eval", "-E", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
