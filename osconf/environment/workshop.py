"""A place to run the environment's own programs over its tree, which they cannot change.

/usr, /etc and /var are overlays: the farm is their lower layer, writes land in upper layers that the caller inspects.
The overlay is what keeps the store whole: root in a user namespace could overwrite a read-only file through its link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.farm import Farm
from osconf.sandbox.run import run_in_sandbox
from osconf.sandbox.spec import Bind, Overlay, SandboxSpec
from osconf.store.follow import find_plain_file

_TIMEOUT = 600


@dataclass(frozen=True, slots=True)
class WorkshopResult:
    """What a run left: its exit code, its output, and the upper layers over /usr, /etc and /var."""

    exit_code: int
    output: str
    usr: Path
    etc: Path
    var: Path


@dataclass
class Workshop:
    """Runs programs over `farm`; `scratch` is an empty directory on the same file system.

    `store` are (real path, path inside) pairs of store paths that extra trees need.
    """

    farm: Farm
    scratch: Path
    store: tuple[tuple[Path, str], ...] = ()
    _runs: int = 0

    def make_directory(self, name: str) -> Path:
        """A fresh directory of the scratch area."""
        path = self.scratch / name
        path.mkdir(parents=True)
        return path

    def run(
        self,
        argv: Sequence[str],
        *,
        record: Path,
        usr_layers: Sequence[Path] = (),
        etc_layers: Sequence[Path] = (),
        var_layer: Path | None = None,
    ) -> WorkshopResult:
        """Run `argv` as the sandbox's root; `record` is writable at /rec, layers lie over the farm's directories."""
        self._runs += 1
        base = self.make_directory(f"run-{self._runs}")
        uppers: dict[str, Path] = {}
        overlays: list[Overlay] = []
        lowers = {
            "usr": (*usr_layers, self.farm.path("usr")),
            "etc": (*etc_layers, self.farm.path("etc")),
            "var": (var_layer or self._empty(base),),
        }
        for name, lower in lowers.items():
            upper, work = base / name, base / f"{name}.work"
            upper.mkdir()
            work.mkdir()
            uppers[name] = upper
            overlays.append(Overlay(lower=tuple(lower), upper=upper, work=work, target=f"/{name}"))
        spec = SandboxSpec(
            argv=tuple(argv),
            env={"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"},
            cwd="/",
            uid=0,
            gid=0,
            network=False,
            binds=(
                Bind(record, "/rec", read_only=False),
                Bind(self.farm.path("usr"), "/rec/real", read_only=True),
                *(Bind(source, target, read_only=True) for source, target in self.store),
            ),
            overlays=tuple(overlays),
            symlinks=tuple((f"usr/{name}", f"/{name}") for name in ("bin", "sbin", "lib", "lib64")),
            tmpfs=("/tmp", "/run", "/root", "/home", "/srv", "/mnt"),
            timeout=_TIMEOUT,
        )
        lines: list[str] = []
        result = run_in_sandbox(spec, lines.append)
        return WorkshopResult(result.exit_code, "\n".join(lines), uppers["usr"], uppers["etc"], uppers["var"])

    def _empty(self, base: Path) -> Path:
        path = base / "empty"
        path.mkdir()
        return path


def read_record(record: Path, relative: str) -> str:
    """The text of a file that a run left; none for a link: what ran may have put it there."""
    file = find_plain_file(record, relative)
    return "" if file is None else file.read_text(encoding="utf-8", errors="replace")


def read_status(record: Path) -> dict[str, str]:
    """What each part of a run ended with."""
    lines = [line.split("\t") for line in read_record(record, "status").splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}
