"""`osconf profile` for users who may not write the store: with real packages, through root's daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.many_users import ALICE, BOB, Site, open_site, why_not

pytestmark = [pytest.mark.archive, pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "osconf")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A daemon with root's downloads; users have indexes of their own."""
    with open_site() as found:
        for uid in (ALICE, BOB):
            own = found.home(uid) / ".cache/osconf"
            for name in ("indexes", "user.lock"):
                source = CACHE / name
                if source.is_dir():
                    shutil.copytree(source, own / name)
                elif source.exists():
                    shutil.copy(source, own / name)
            subprocess.run(["chown", "-R", f"{uid}:{uid}", found.home(uid)], check=True)
        found.start_daemon(cache=CACHE.parent)
        yield found


def call(site: Site, uid: int, name: str) -> str:
    """Run a program of a user's profile, as that user."""
    program = site.home(uid) / ".osconf-profile/bin" / name
    done = subprocess.run(
        [program],
        user=uid,
        group=uid,
        extra_groups=[],
        cwd=site.home(uid),
        env=site.environment(uid),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(site: Site, uid: int) -> list[str]:
    """What a user's profile holds."""
    return [element["name"] for element in json.loads(site.succeed(uid, "profile", "list", "--json"))["elements"]]


def test_two_users_have_profiles_of_their_own(site: Site) -> None:
    site.succeed(ALICE, "profile", "install", "hello")
    assert call(site, ALICE, "hello") == "Hello, world!\n"
    assert names(site, ALICE) == ["hello"] and names(site, BOB) == []
    profiles = site.store / "osconf/var/profiles/per-user"
    own = profiles / str(ALICE)
    assert own.stat().st_uid == ALICE and own.stat().st_mode & 0o777 == 0o755
    assert (own / "profile").lstat().st_uid == ALICE and (own / "profile").resolve().stat().st_uid == 0

    # What one has built the other has at once, in a profile of their own.
    site.succeed(BOB, "profile", "install", "hello")
    assert call(site, BOB, "hello") == "Hello, world!\n"
    assert (profiles / str(BOB) / "profile").resolve() == (own / "profile").resolve()

    # Neither changes the other's; a collection by one leaves the other's alone, old generations too.
    site.succeed(ALICE, "profile", "remove", "hello")
    site.succeed(ALICE, "profile", "install", "hello")
    site.succeed(BOB, "profile", "remove", "hello")
    site.succeed(BOB, "gc", "--keep-generations", "1")
    assert names(site, BOB) == [] and names(site, ALICE) == ["hello"]
    assert len(list((profiles / str(BOB)).glob("*-link"))) == 1
    assert len(list(own.glob("*-link"))) == 3
    assert call(site, ALICE, "hello") == "Hello, world!\n"
    assert site.succeed(0, "store", "verify", "--check-contents") == ""


def test_every_change_can_be_taken_back(site: Site) -> None:
    site.succeed(ALICE, "profile", "install", "hello")
    before = names(site, ALICE)
    site.succeed(ALICE, "profile", "remove", "hello")
    assert names(site, ALICE) == [name for name in before if name != "hello"]
    site.succeed(ALICE, "profile", "rollback")
    assert names(site, ALICE) == before and call(site, ALICE, "hello") == "Hello, world!\n"
    assert "hello" in site.succeed(ALICE, "profile", "history")


def test_profiles_of_others_cannot_be_changed(site: Site) -> None:
    site.succeed(ALICE, "profile", "install", "hello")
    target = site.store / "osconf/var/profiles/per-user" / str(ALICE)
    before = sorted((entry.name, str(entry.readlink())) for entry in target.iterdir() if entry.is_symlink())
    for words in (
        ["ln", "-sfn", "/tmp", str(target / "profile")],
        ["rm", "-rf", str(target)],
        ["touch", f"{target}/x"],
    ):
        done = subprocess.run(words, user=BOB, group=BOB, extra_groups=[], capture_output=True, check=False)
        assert done.returncode != 0
    assert before == sorted((entry.name, str(entry.readlink())) for entry in target.iterdir() if entry.is_symlink())
