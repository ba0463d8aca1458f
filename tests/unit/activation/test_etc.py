"""Ownership of /etc: what is placed, replaced, removed, refused; and what an interruption leaves."""

from __future__ import annotations

import pytest

from osconf.activation import etc
from osconf.errors import ActivationError


def apply(world, closure, *, adopt: bool = False) -> etc.EtcPlan:
    plan = etc.plan_etc(world.host.files, closure)
    etc.apply_etc(world.host.files, plan, owner_ids=lambda _user, _group: (0, 0), adopt=adopt, report=world.report)
    return plan


def test_content_changes_by_the_static_link_alone(world) -> None:
    apply(world, world.make_closure("one", etc={"a": "1", "d/b": "1"}))
    second = world.make_closure("two", etc={"a": "2", "d/b": "2"})
    plan = etc.plan_etc(world.host.files, second)
    assert (plan.added, plan.changed, plan.removed, plan.static_changed) == ((), (), (), True)
    apply(world, second)
    assert world.read("/etc/d/b") == "2"


def test_entries_come_and_go_with_their_directories(world) -> None:
    apply(world, world.make_closure("one", etc={"x/y/z": "1", "x/k": "1"}))
    apply(world, world.make_closure("two", etc={"x/k": "2", "n/m": "2"}))
    assert not (world.root / "etc/x/y").exists()
    assert world.read("/etc/x/k") == "2"
    assert world.read("/etc/n/m") == "2"
    assert etc.find_drift(world.host.files) == ()


def test_copies_have_mode_and_are_replaced_when_they_change(world) -> None:
    apply(world, world.make_closure("one", etc={"c": "1"}, copies={"c": "0600"}))
    file = world.root / "etc/c"
    assert (file.read_text(), file.stat().st_mode & 0o777, file.is_symlink()) == ("1", 0o600, False)
    apply(world, world.make_closure("two", etc={"c": "2"}, copies={"c": "0640"}))
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("2", 0o640)
    apply(world, world.make_closure("three", etc={"c": "3"}))
    assert file.is_symlink()
    assert file.read_text


def test_link_of_its_own(world) -> None:
    entry = {"path": "localtime", "mode": "direct-symlink", "target": "/usr/share/zoneinfo/UTC"}
    apply(world, world.make_closure("one", extra_entries=[entry]))
    assert world.host.files.read_link("/etc/localtime") == "/usr/share/zoneinfo/UTC"
    apply(world, world.make_closure("two", extra_entries=[{**entry, "target": "/usr/share/zoneinfo/CET"}]))
    assert world.host.files.read_link("/etc/localtime") == "/usr/share/zoneinfo/CET"


def test_directory_link_becomes_a_directory_and_back(world) -> None:
    linked = world.make_closure("one", etc={"app.d/x": "1"})
    apply(world, world.make_closure("zero", etc={"app.d/x": "0"}))
    one_link = world.make_closure("link", extra_entries=[{"path": "app.d", "mode": "symlink"}])
    world.write("/osconf/store/link-etc/app.d/x", "linked")
    apply(world, one_link)
    assert (world.root / "etc/app.d").is_symlink()
    assert world.read("/etc/app.d/x") == "linked"
    apply(world, linked)
    assert not (world.root / "etc/app.d").is_symlink()
    assert world.read("/etc/app.d/x") == "1"


def test_foreign_files_are_refused_then_adopted(world) -> None:
    world.write("/etc/motd", "by hand")
    closure = world.make_closure("one", etc={"motd": "ours", "other": "x"})
    with pytest.raises(ActivationError, match="/etc/motd") as caught:
        apply(world, closure)
    assert caught.value.code == "foreign-etc-file"
    assert not (world.root / "etc/other").exists(), "nothing was changed"
    apply(world, closure, adopt=True)
    assert world.read("/etc/motd") == "ours"
    assert world.read("/etc/motd.osconf-saved") == "by hand"


def test_foreign_parent_is_kept_aside(world) -> None:
    world.write("/etc/app", "a file where a directory belongs")
    closure = world.make_closure("one", etc={"app/conf": "x"})
    assert etc.plan_etc(world.host.files, closure).foreign == ("app",)
    apply(world, closure, adopt=True)
    assert world.read("/etc/app/conf") == "x"
    assert world.read("/etc/app.osconf-saved") == "a file where a directory belongs"


def test_entries_changed_by_hand_are_drift(world) -> None:
    first = world.make_closure("one", etc={"a": "1", "b": "1"})
    apply(world, first)
    (world.root / "etc/a").unlink()
    world.write("/etc/a", "edited")
    assert etc.find_drift(world.host.files) == ("a",)
    assert etc.plan_etc(world.host.files, first).drifted == ("a",)
    apply(world, first)
    assert (world.read("/etc/a"), world.read("/etc/a.osconf-saved")) == ("1", "edited")
    (world.root / "etc/a").unlink()
    world.write("/etc/a", "edited")
    apply(world, world.make_closure("two", etc={"b": "2"}))
    assert world.read("/etc/a") == "edited", "no longer managed, changed by hand: left alone"
    assert any("changed by hand" in message for message in world.messages)


def test_reserved_files_are_not_managed(world) -> None:
    world.write("/etc/passwd", "root:x:0:0::/:/bin/sh\n")
    apply(world, world.make_closure("one", etc={"passwd": "bad"}))
    assert world.read("/etc/passwd").startswith("root:")


@pytest.mark.parametrize("fail_at", range(1, 14))
def test_interruption_at_every_change_is_finished_by_the_next_run(world, monkeypatch, fail_at: int) -> None:
    apply(world, world.make_closure("one", etc={"a": "1", "gone/x": "1", "c": "1", "k": "1"}, copies={"c": "0600"}))
    second = world.make_closure(
        "two", etc={"a": "2", "new/y": "2", "c": "2", "k": "2"}, copies={"c": "0644", "k": "0644"}
    )
    files = world.host.files
    calls = 0

    def breaking(method):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == fail_at:
                raise KeyboardInterrupt
            return method(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("write", "link", "remove", "make_dirs", "rename"):
            patch.setattr(files, name, breaking(getattr(files, name)))
        try:
            apply(world, second)
        except KeyboardInterrupt:
            pass
        else:
            assert calls < fail_at
    apply(world, second)
    assert [world.read(f"/etc/{path}") for path in ("a", "new/y", "c", "k")] == ["2"] * 4
    assert not (world.root / "etc/gone").exists()
    assert etc.find_drift(files) == ()
    assert etc.plan_etc(files, second).is_empty
