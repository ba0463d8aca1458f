"""Runs in a mount namespace of its own; fails with an assertion. See test_full_disk."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from tests.functional.many_users import ALICE, Site, open_site


def fill(site: Site) -> None:
    """Leave no byte free."""
    with (site.store / "fill").open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass


def reserved(site: Site) -> int:
    """How much is kept for a collection of garbage."""
    with suppress(FileNotFoundError):
        return (site.store / "osconf/var/db/reserved").stat().st_size
    return 0


def main(site: Site) -> None:
    """Look at a store, and collect its garbage, while there is no space; as root and as a user of the daemon."""
    site.store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24M,mode=755", "tmpfs", site.store], check=True)
    (site.root / "small").write_text("small")
    small = site.succeed(0, "store", "add", site.root / "small")
    assert reserved(site) == 1 << 20
    fill(site)
    site.start_daemon()
    for uid in (0, ALICE):
        assert site.succeed(uid, "store", "closure", small) == small
        assert site.succeed(uid, "eval", "-E", f"builtins.readFile (builtins.storePath {small})") == '"small"'
        assert small in site.succeed(uid, "gc", "--dry-run")
        refused = site.run(uid, "instantiate", "-E", 'derivation { name = "x"; system = "x"; builder = "y"; }')
        assert refused.returncode == 1 and "no space left" in refused.stderr, refused.stderr
        # To look takes nothing of what a collection needs.
        assert reserved(site) == 1 << 20
    # What frees nothing leaves the next collection what it needs.
    for _ in range(4):
        site.succeed(0, "gc", "--max-freed", "0")
        fill(site)
    assert reserved(site) >= 1 << 19
    assert small in site.succeed(ALICE, "gc")
    site.kill_daemon()
    (site.store / "osconf/var/db/reserved").unlink(missing_ok=True)
    fill(site)
    refused = site.run(0, "gc")
    assert refused.returncode == 1 and "hint: a collection needs some space itself" in refused.stderr, refused.stderr
    (site.store / "fill").unlink()
    site.succeed(0, "gc")
    assert site.succeed(0, "store", "verify", "--check-contents") == ""
    assert reserved(site) == 1 << 20


if __name__ == "__main__":
    with open_site() as found:
        try:
            main(found)
        finally:
            found.kill_daemon()
            subprocess.run(["umount", "--lazy", found.store], check=False)
