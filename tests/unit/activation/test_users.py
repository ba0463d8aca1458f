"""Users and groups: stable ids, password rules, memberships, locking."""

from __future__ import annotations

from osconf.activation.accounts import read_accounts
from osconf.activation.users import apply_users, read_state


class PlainHasher:
    """A hash one can read."""

    def hash(self, password: str) -> str:
        """Return the password with a mark."""
        return f"$h${password}"

    def verify(self, password: str, hashed: str) -> bool:
        """Compare."""
        return hashed == f"$h${password}"


def apply(
    world, name: str, users: list[dict], *, groups: list[dict] | None = None, mutable: bool = True, sysusers=None
):
    closure = world.make_closure(name, users=users, groups=groups or [], mutableUsers=mutable)
    return apply_users(
        world.host.files,
        closure,
        run_sysusers=sysusers or (lambda: None),
        hasher=PlainHasher(),
        report=world.report,
    )


def hashed(world, name: str) -> str:
    return read_accounts(world.host.files, "").shadow[name][1]


def test_ids_are_stable_and_never_reused(world) -> None:
    first = apply(world, "one", [{"name": "a", "isNormalUser": True}, {"name": "b", "isNormalUser": True}])
    assert (first.uid_of("a"), first.uid_of("b")) == (1000, 1001)
    second = apply(world, "two", [{"name": "b", "isNormalUser": True}, {"name": "c", "isNormalUser": True}])
    assert (second.uid_of("b"), second.uid_of("c")) == (1001, 1002)
    passwd = world.root / "etc/passwd"
    passwd.write_text(
        "".join(line + "\n" for line in passwd.read_text().splitlines() if not line.startswith(("a:", "c:")))
    )
    third = apply(world, "three", [{"name": "d", "isNormalUser": True}, {"name": "a", "isNormalUser": True}])
    assert (third.uid_of("a"), third.uid_of("d")) == (1000, 1003)


def test_system_users_get_ids_below_a_thousand_and_a_group(world) -> None:
    accounts = apply(world, "one", [{"name": "svc", "isSystemUser": True, "home": "/var/lib/svc"}])
    assert 400 <= accounts.uid_of("svc") < 1000
    assert accounts.passwd["svc"][6] == "/usr/sbin/nologin"
    assert accounts.gid_of("svc") == int(accounts.passwd["svc"][3])


def test_declared_ids_are_taken_and_present_ones_kept(world) -> None:
    apply(world, "one", [{"name": "a", "isNormalUser": True, "uid": 1234}], groups=[{"name": "g", "gid": 777}])
    accounts = apply(
        world, "two", [{"name": "a", "isNormalUser": True, "uid": 4321}], groups=[{"name": "g", "gid": 778}]
    )
    assert accounts.uid_of("a") == 1234
    assert accounts.gid_of("g") == 777
    assert sum("keeps its id" in message for message in world.messages) == 2


def test_initial_password_only_at_creation(world) -> None:
    user = {"name": "a", "isNormalUser": True, "initialPassword": "x"}
    apply(world, "one", [user])
    assert hashed(world, "a") == "$h$x"
    apply(world, "two", [{**user, "initialPassword": "y"}])
    assert hashed(world, "a") == "$h$x"
    apply(world, "three", [{**user, "initialPassword": "z"}], mutable=False)
    assert hashed(world, "a") == "$h$x"


def test_hashed_password_always_when_users_are_immutable(world) -> None:
    apply(world, "one", [{"name": "a", "isNormalUser": True, "hashedPassword": "$1$"}])
    assert hashed(world, "a") == "$1$"
    apply(world, "two", [{"name": "a", "isNormalUser": True, "hashedPassword": "$2$"}])
    assert hashed(world, "a") == "$1$", "mutable: the user may have changed it"
    apply(world, "three", [{"name": "a", "isNormalUser": True, "hashedPassword": "$3$"}], mutable=False)
    assert hashed(world, "a") == "$3$"
    apply(world, "four", [{"name": "a", "isNormalUser": True}], mutable=False)
    assert hashed(world, "a") == "!"


def test_root_takes_its_declared_password_at_first(world) -> None:
    apply(
        world,
        "one",
        [
            {
                "name": "root",
                "uid": 0,
                "group": "root",
                "home": "/root",
                "initialHashedPassword": "!",
                "initialPassword": "r",
            }
        ],
    )
    assert hashed(world, "root") == "$h$r", "a plain password wins over a hash, as in NixOS"
    assert read_accounts(world.host.files, "").passwd["root"][6] == "/bin/bash"


def test_password_file(world) -> None:
    world.write("/secret/a", "$file$\n")
    apply(world, "one", [{"name": "a", "isNormalUser": True, "hashedPasswordFile": "/secret/a"}], mutable=False)
    assert hashed(world, "a") == "$file$"


def test_plain_password_is_not_hashed_again(world) -> None:
    user = {"name": "a", "isNormalUser": True, "password": "p"}
    apply(world, "one", [user], mutable=False)
    before = (world.root / "etc/shadow").stat().st_ino
    apply(world, "two", [user], mutable=False)
    assert (world.root / "etc/shadow").stat().st_ino == before, "nothing was rewritten"


def test_removed_users_are_locked_and_come_back(world) -> None:
    user = {"name": "a", "isNormalUser": True, "initialHashedPassword": "$p$"}
    apply(world, "one", [user])
    accounts = apply(world, "two", [])
    assert hashed(world, "a") == "!$p$"
    assert accounts.shadow["a"][7] == "1"
    assert accounts.passwd["a"][6] == "/usr/sbin/nologin"
    assert read_state(world.host.files).locked == ["a"]
    accounts = apply(world, "three", [user])
    assert hashed(world, "a") == "$p$"
    assert accounts.shadow["a"][7] == ""
    assert accounts.passwd["a"][6] == "/bin/bash"


def test_users_added_by_hand(world) -> None:
    apply(world, "one", [])
    with (world.root / "etc/passwd").open("a") as file:
        file.write("hand:x:1500:100::/home/hand:/bin/bash\n")
    assert apply(world, "two", []).passwd["hand"][6] == "/bin/bash"
    assert apply(world, "three", [], mutable=False).passwd["hand"][6] == "/usr/sbin/nologin"


def test_memberships(world) -> None:
    user = {"name": "a", "isNormalUser": True, "extraGroups": ["sudo", "late"]}

    def sysusers() -> None:
        with (world.root / "etc/group").open("a") as file:
            file.write("late:x:990:\n")

    accounts = apply(world, "one", [user], groups=[{"name": "g", "members": ["a"]}], sysusers=sysusers)
    assert [accounts.members_of(name) for name in ("sudo", "late", "g")] == [["a"], ["a"], ["a"]]
    group = world.root / "etc/group"
    group.write_text(group.read_text().replace("sudo:x:27:a", "sudo:x:27:a,hand"))
    accounts = apply(world, "two", [{**user, "extraGroups": ["missing"]}])
    assert accounts.members_of("sudo") == ["hand"], "what was added by hand stays"
    assert any("no group missing" in message for message in world.messages)


def test_homes_are_made_once(world) -> None:
    world.write("/etc/skel/.bashrc", "rc")
    user = {"name": "a", "isNormalUser": True, "homeMode": "0711"}
    apply(world, "one", [user])
    home = world.root / "home/a"
    assert (home / ".bashrc").read_text() == "rc"
    assert home.stat().st_mode & 0o777 == 0o711
    (home / ".bashrc").unlink()
    apply(world, "two", [user])
    assert not (home / ".bashrc").exists()


def test_subordinate_ids(world) -> None:
    users = [
        {"name": "a", "isNormalUser": True, "autoSubUidGidRange": True},
        {"name": "b", "isNormalUser": True, "autoSubUidGidRange": True},
    ]
    apply(world, "one", users)
    apply(world, "two", users[::-1])
    assert sorted(world.read("/etc/subuid").split()) == ["a:100000:65536", "b:165536:65536"]
