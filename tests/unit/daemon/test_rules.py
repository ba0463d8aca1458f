"""Who may do what, and what a client may choose of its builds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from osconf.build.settings import BuildSettings
from osconf.daemon.access import Peer, Policy
from osconf.daemon.builds import choose_settings
from osconf.daemon.messages import decode_error, encode_error
from osconf.errors import BuildError, EvalError, OsconfError, StoreError
from osconf.store.places import NotValid

ALICE = Peer(70_001, 70_001, name="alice", groups=frozenset({"alice", "wheel"}))
BOB = Peer(70_002, 70_002, name="bob", groups=frozenset({"bob"}))
ROOT = Peer(0, 0, name="root", groups=frozenset({"root"}))
SELF = Peer(os.geteuid(), os.getegid(), name="whoever")


@pytest.mark.parametrize(
    ("entries", "alice", "bob"),
    [
        ((), False, False),
        (("*",), True, True),
        (("alice",), True, False),
        (("@wheel",), True, False),
        (("wheel",), False, False),
        (("@alice", "bob"), True, True),
        (("70002",), False, True),
        (("",), False, False),
    ],
)
def test_users_and_groups(entries: tuple[str, ...], alice: bool, bob: bool) -> None:
    trusting = Policy(trusted=entries)
    assert (trusting.trusts(ALICE), trusting.trusts(BOB)) == (alice, bob)
    allowing = Policy(allowed=entries)
    assert (allowing.allows(ALICE), allowing.allows(BOB)) == (alice, bob)
    assert not allowing.trusts(ALICE)


def test_root_and_the_owner_are_trusted() -> None:
    nobody = Policy((), ())
    assert nobody.trusts(ROOT) and nobody.allows(ROOT) and nobody.trusts(SELF)


def test_who_is_trusted_is_allowed() -> None:
    assert Policy((), ("alice",)).allows(ALICE)


def test_peers_are_looked_up() -> None:
    found = Peer.from_ids(0, 0)
    assert found.name == "root" and "root" in found.groups
    assert Peer.from_ids(4_000_001, 4_000_002).name == "4000001"


MACHINE = BuildSettings(
    jobs=4,
    caches=("https://own",),
    trusted_keys=("own:key",),
    timeout=100,
    cache_dir=Path("/cache"),
    features=frozenset(),
)


def choose(is_trusted: bool, **options: object) -> tuple[BuildSettings, list[str]]:
    return choose_settings(MACHINE, options, is_trusted=is_trusted, uid=7)


def test_strangers_choose_within_limits() -> None:
    settings, warnings = choose(
        False,
        jobs=100_000,
        cores=-3,
        timeout=1000,
        keepFailed=True,
        keepGoing=True,
        caches=["https://own", "https://evil"],
        trustedKeys=["evil:key"],
        features=["kvm"],
        mirrors={"debian": ["http://evil"]},
        sandboxPaths={"/etc": "/etc"},
    )
    assert (settings.jobs, settings.cores, settings.timeout, settings.keep_going) == (256, 0, 100, True)
    assert not settings.keep_failed and settings.public_files
    assert settings.caches == ("https://own",) and settings.trusted_keys == ()
    assert settings.cache_dir == Path("/cache/users/7")
    assert (settings.features, settings.mirrors, settings.sandbox_paths) == (frozenset(), {}, {})
    assert len(warnings) == 2 and "https://evil" in warnings[0]


def test_who_is_trusted_names_caches_and_keys() -> None:
    settings, warnings = choose(True, caches=["https://other"], trustedKeys=["other:key"], keepFailed=True)
    assert settings.caches == ("https://other",) and settings.trusted_keys == ("other:key",)
    assert (
        settings.keep_failed and not settings.public_files and settings.cache_dir == Path("/cache") and warnings == []
    )


def test_nothing_chosen_is_the_machines_choice() -> None:
    settings, warnings = choose(False)
    assert (settings.jobs, settings.caches, settings.timeout) == (4, ("https://own",), 100)
    assert warnings == []


@pytest.mark.parametrize(
    "error",
    [
        StoreError("store", code="x-y", hint="do"),
        NotValid("not valid"),
        BuildError("build", drv="/osconf/store/x.drv", log_tail="a\nb", hint="look", code="build-timeout"),
        EvalError("evaluate"),
        OsconfError("plain"),
    ],
)
def test_errors_arrive_as_they_are(error: OsconfError) -> None:
    error.while_("doing this").while_("doing that")
    found = decode_error(encode_error(error))
    assert type(found) is type(error) and found.exit_code == error.exit_code
    assert (found.code, found.message, found.hint) == (error.code, error.message, error.hint)
    assert [frame.doing for frame in found.frames] == ["doing this", "doing that"]
    if isinstance(error, BuildError) and isinstance(found, BuildError):
        assert (found.drv, found.log_tail) == (error.drv, error.log_tail)
