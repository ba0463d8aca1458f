"""Runs with a tiny filesystem at argv[1]; fails with an assertion. See test_full_disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from osconf.errors import BuildError, OsconfError, StoreError
from osconf.store.local import LocalStore
from tests.unit.build.conftest import Workbench


def fails(action: Callable[[], object]) -> OsconfError:
    """The error of an action that must fail."""
    try:
        action()
    except OsconfError as error:
        return error
    raise AssertionError("this should have failed")


def main(root: Path) -> None:
    """Fill the disk in several ways."""
    with LocalStore.open(root) as store:
        bench = Workbench(store)
        error = fails(lambda: bench.build(bench.shell("big", "head -c 9000000 /dev/zero > $out")))
        assert isinstance(error, BuildError)
        assert "disk is full" in (error.hint or ""), error.hint
        assert bench.build(bench.text("small", "x" * 100_000)).is_file()
        with (root / "fill").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        error = fails(lambda: bench.build(bench.text("more", "z" * 100_000)))
        assert isinstance(error, StoreError) and error.code == "no-space", error
        error = fails(lambda: store.add_path(Path(__file__), "file"))
        assert error.code == "no-space", error
        (root / "fill").unlink()
        store.flush()
        assert list(store.layout.temporary.iterdir()) == []
        assert store.verify(check_contents=True).is_sound
        assert bench.build(bench.text("more", "z" * 100_000)).is_file()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
