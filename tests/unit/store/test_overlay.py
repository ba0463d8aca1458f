"""A store on an overlay, as on a machine that boots from an image: what is below cannot be renamed or changed."""

from __future__ import annotations

import sys
from pathlib import Path

from osconf.sandbox.run import run_in_sandbox
from osconf.sandbox.spec import Bind, Overlay, SandboxSpec
from osconf.store.local import LocalStore

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from osconf.store.local import LocalStore

with LocalStore.open(Path("/machine"), durable=False) as store:
    old = [path for path in store.valid_paths() if path.endswith("-old")]
    kept = [path for path in store.valid_paths() if path.endswith("-kept")]
    assert len(old) == len(kept) == 1, store.valid_paths()
    new = store.add_path(Path(sys.argv[1]), "new")
    store.add_root(Path("/machine/result"), kept[0])
    (store.temporary_path()).hardlink_to(store.real_path(kept[0]) / "file")
    result = store.collect_garbage()
    assert result.paths == tuple(old), result
    assert not store.real_path(old[0]).exists()
    assert store.verify(check_contents=True).is_sound
    assert store.valid_paths() == sorted([*kept, new])
"""


def test_adding_and_collecting(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with LocalStore.open(tmp_path / "image", durable=False) as store:
        for name in ("old", "kept"):
            (tmp_path / "tree/file").write_text(name)
            store.add_path(tmp_path / "tree", name)
    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    search = [path for path in sys.path if path.startswith("/")]
    lines: list[str] = []
    host = tuple(Bind(path, path) for path in sorted(_places(search)))
    spec = SandboxSpec(
        argv=(sys.executable, "/script.py", "/tree", *search),
        binds=(*host, Bind(tmp_path / "script.py", "/script.py"), Bind(tmp_path / "tree", "/tree")),
        overlays=(Overlay((tmp_path / "image",), "/machine", tmp_path / "upper", tmp_path / "work"),),
        tmpfs=("/tmp",),
    )
    result = run_in_sandbox(spec, lines.append)
    assert result.exit_code == 0, lines


def _places(search: list[str]) -> set[str]:
    """What a Python needs to run: the system, itself, its modules and this checkout."""
    places = {"/usr", "/bin", "/lib", "/lib64", sys.prefix, sys.base_prefix, str(ROOT), *search}
    return {place for place in places if Path(place).exists()}
