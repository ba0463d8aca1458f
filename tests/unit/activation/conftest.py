"""A world for activation tests: a temporary root with a store, closures made from a few words, and a fake host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from osconf.activation.closure import Closure, read_closure
from osconf.host.fake import FakeHost

PASSWD_MASTER = """root:*:0:0:root:/root:/bin/sh
daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin
sync:*:4:65534:sync:/bin:/bin/sync
nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GROUP_MASTER = """root:*:0:
daemon:*:1:
adm:*:4:
sudo:*:27:
shadow:*:42:
users:*:100:
nogroup:*:65534:
"""


class World:
    """Builds closures below `root`; paths in them are logical (/osconf/store/…)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "osconf/store"
        self.store.mkdir(parents=True)
        self.host = FakeHost(root)
        self.messages: list[str] = []

    def report(self, message: str) -> None:
        """Collect what the operator would read."""
        self.messages.append(message)

    def write(self, path: str, text: str) -> None:
        """Write a file at a logical path."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        """Read a file at a logical path, links followed inside the root."""
        return self.host.files.read_text(path)

    def make_environment(
        self, name: str, files: Mapping[str, str] | None = None, packages: Mapping[str, str] | None = None
    ) -> str:
        """Make an environment; `packages` are name -> version."""
        path = f"/osconf/store/{name}"
        contents = {
            "usr/share/base-passwd/passwd.master": PASSWD_MASTER,
            "usr/share/base-passwd/group.master": GROUP_MASTER,
            "usr/bin/systemd-sysusers": "",
            **(files or {}),
        }
        for inside, text in contents.items():
            self.write(f"{path}/{inside}", text)
        listed = [
            {"name": package, "version": version, "contents": f"/osconf/store/{package}-{version}"}
            for package, version in (packages or {}).items()
        ]
        self.write(f"{path}/environment.json", json.dumps({"packages": listed, "wrappers": []}))
        return path

    def make_closure(
        self,
        name: str,
        *,
        etc: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        environment: str | None = None,
        copies: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Closure:
        """Make a system closure: `etc` are linked files, `copies` path -> mode, `units` name -> text."""
        system = f"/osconf/store/{name}-system"
        environment = environment or self.make_environment(f"{name}-env")
        tree = f"/osconf/store/{name}-etc"
        entries: list[dict[str, str]] = [{"path": "systemd/system", "mode": "symlink"}]
        (self.root / tree.lstrip("/") / "systemd/system").mkdir(parents=True)
        for path, text in (etc or {}).items():
            self.write(f"{tree}/{path}", text)
            entries.append({"path": path, "mode": (copies or {}).get(path, "symlink")})
        for unit, text in (units or {}).items():
            if text.startswith("-> "):
                link = self.root / f"{tree}/systemd/system/{unit}".lstrip("/")
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(text[3:])
            else:
                self.write(f"{tree}/systemd/system/{unit}", text)
        self.write(f"/osconf/store/{name}-kernel/vmlinuz", f"kernel {name}")
        self.write(f"/osconf/store/{name}-initrd/initrd", f"initrd {name}")
        data = {
            "version": 1,
            "label": name,
            "etcEntries": [*entries, *fields.pop("extra_entries", [])],
            "mutableUsers": True,
            **fields,
        }
        self.write(f"{system}/activation.json", json.dumps(data))
        boot = {
            "version": 1,
            "label": f"trixie {name}",
            "kernel": f"/osconf/store/{name}-kernel/vmlinuz",
            "initrd": f"/osconf/store/{name}-initrd/initrd",
            "kernelParams": ["root=LABEL=osroot", "console=ttyS0"],
            "init": f"{system}/init",
            "system": system,
        }
        self.write(f"{system}/boot.json", json.dumps(boot))
        here = self.root / system.lstrip("/")
        for link, target in (("environment", environment), ("usr", "environment/usr"), ("etc", tree)):
            (here / link).symlink_to(target)
        return read_closure(self.host.files, system)


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an empty world."""
    return World(tmp_path / "root")
