"""Files that are generated from facts and from what the tree holds."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
from pathlib import Path

from osconf.environment.accounts import SYSUSERS, write_sysusers
from osconf.environment.apache import enable_apache_modules
from osconf.environment.apt_guide import guide_apt
from osconf.environment.description import hash_manifests, render_description
from osconf.environment.dpkg_database import write_dpkg_database
from osconf.environment.etc_files import write_etc_files
from osconf.environment.facts import Facts, User
from osconf.environment.generators.bytecode import bytecode_trigger, fill_cache, plan_bytecode, take_cached
from osconf.environment.generators.certificates import BUNDLE, render_key_store, write_certificates
from osconf.environment.php import enable_php_modules
from osconf.environment.state import TMPFILES, write_tmpfiles

from .conftest import Directory, FarmMaker, File, PackageMaker


def test_users_that_packages_declare_are_left_to_them(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "usr/lib/sysusers.d/x.conf": "u! declared - -\ng wheel -\n",
        "usr/share/base-passwd/passwd.master": "mail:*:8:8:mail:/var/mail:/usr/sbin/nologin\n",
    }
    farm = make_farm(make_package("p", tree))
    facts = Facts(
        users={
            "declared": User("declared"),
            "mail": User("mail"),
            "new": User("new", comment="New one", home="/var/lib/new", group="nogroup"),
        },
        groups={"wheel": "-", "docker": "-"},
        memberships=[("new", "docker")],
    )
    write_sysusers(farm, facts, frozenset({"openssh-client"}))
    assert farm.read(SYSUSERS).splitlines()[1:] == [
        "g docker - -",
        'u new -:nogroup "New one" /var/lib/new /usr/sbin/nologin',
        "g _ssh - -",
        "m new docker",
    ]


def test_tmpfiles_leave_out_what_packages_declare(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "usr/lib/tmpfiles.d/x.conf": "d /var/lib/declared 0700 x x -\n",
        "var/lib/declared": Directory(),
        "var/lib/plain": Directory("0750"),
        "var/lib/owned": Directory(),
        "var/lib/owned/seed": "1",
    }
    farm = make_farm(make_package("p", tree))
    facts = Facts(owners={"/var/lib/owned": ("x", "adm"), "/var/log/x": ("x", "adm")}, modes={"/var/lib/owned": "2750"})
    write_tmpfiles(farm, facts)
    lines = farm.read(TMPFILES).splitlines()
    assert not [line for line in lines if "declared" in line]
    assert "d /var/lib/plain 0750 root root -" in lines
    assert "d /var/lib/owned 2750 x adm -" in lines
    assert "C /var/lib/owned/seed 0644 root root - /usr/share/factory/var/lib/owned/seed" in lines
    assert "z /var/log/x - x adm -" in lines


def test_dpkg_sees_the_packages(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    control = "Multi-Arch: same\nDescription: short\n long\n"
    scripts = {"conffiles": "/etc/x\n", "md5sums": "0  usr/bin/x\n"}
    package = make_package("libx", {"etc/x": "conf", "usr/bin/x": ""}, control=control, scripts=scripts)
    farm = make_farm(package)
    write_dpkg_database(farm, [package])
    status = farm.path("var/lib/dpkg/status").read_text()
    assert "Package: libx\nStatus: install ok installed\n" in status
    assert "Description: short\n long\n" in status
    assert f"Conffiles:\n /etc/x {hashlib.md5(b'conf').hexdigest()}\n" in status
    assert "/usr/bin/x\n" in farm.read("usr/lib/osconf/dpkg/info/libx:amd64.list")
    assert farm.has("usr/lib/osconf/dpkg/info/libx:amd64.md5sums")


def test_nsswitch_names_only_modules_that_are_there(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "usr/share/libc-bin/nsswitch.conf": "# c\npasswd:  files\ngroup: files\nhosts:   files dns\nnetworks: files\n",
        "usr/lib/x86_64-linux-gnu/libnss_systemd.so.2": "",
        "usr/lib/x86_64-linux-gnu/libnss_resolve.so.2": "",
    }
    farm = make_farm(make_package("p", tree))
    write_etc_files(farm, Facts(shells=["/bin/zsh"]))
    words = {
        line.split(":")[0]: line.split()[1:] for line in farm.read("etc/nsswitch.conf").splitlines() if ":" in line
    }
    assert words["passwd"] == ["files", "systemd"]
    assert words["group"] == ["files", "[SUCCESS=merge]", "systemd"]
    assert words["hosts"] == ["files", "resolve", "[!UNAVAIL=return]", "dns"]
    assert farm.read("etc/shells").splitlines()[1:] == ["/bin/zsh", "/usr/bin/zsh"]
    assert farm.path("etc/ld.so.cache").readlink() == Path("../usr/lib/osconf-ld.so.cache")


def test_apt_is_explained_in_a_system_without_it(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("bash", {"usr/bin/bash": "a shell"}))
    guide_apt(farm, always=True)
    for verb, wanted in (("install", "environment.systemPackages"), ("policy", "not part of this system")):
        told = subprocess.run([farm.path("usr/bin/apt"), verb, "jq"], capture_output=True, text=True, check=False)
        assert told.returncode == 1
        assert wanted in told.stderr


def test_apt_explains_itself(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    farm = make_farm(make_package("apt", {"usr/bin/apt": File("#!/bin/sh\necho real $1\n", mode="0755")}))
    guide_apt(farm)
    refused = subprocess.run(
        [farm.path("usr/bin/apt"), "-y", "install", "htop", "jq"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "with pkgs; [ htop jq ];" in refused.stderr
    assert "osconf shell -p htop -p jq" in refused.stderr
    assert farm.path("usr/lib/osconf/apt/apt").is_file()


def test_certificates_are_bundled_and_linked(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    tree = {
        "usr/share/ca-certificates/mozilla/One.crt": pem,
        "usr/share/ca-certificates/mozilla/Two.crt": pem + "\n",
        "usr/lib/jvm/x": "",
    }
    farm = make_farm(make_package("ca-certificates", tree))
    write_certificates(farm)
    assert farm.read(BUNDLE) == (pem + "\n") * 2
    assert farm.path("etc/ssl/certs/One.pem").readlink() == Path("/usr/share/ca-certificates/mozilla/One.crt")
    store = farm.path("etc/ssl/certs/java/cacerts").read_bytes()
    assert struct.unpack(">III", store[:12]) == (0xFEEDFEED, 2, 2)


def test_a_key_store_is_sealed_as_java_expects() -> None:
    store = render_key_store({"b": b"2", "a": b"1"})
    body, seal = store[:-20], store[-20:]
    assert hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body).digest() == seal
    assert body.index(b"\x00\x01a") < body.index(b"\x00\x01b")


def test_php_modules_are_enabled_for_each_sapi(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "usr/share/php8.4-common/common/pdo.ini": "; priority=10\nextension=pdo.so\n",
        "usr/lib/php/8.4/sapi/cli": "",
        "usr/lib/php/8.4/sapi/fpm": "",
    }
    farm = make_farm(make_package("php8.4-common", tree))
    enable_php_modules(farm)
    for sapi in ("cli", "fpm"):
        link = farm.path(f"etc/php/8.4/{sapi}/conf.d/10-pdo.ini")
        assert link.readlink() == Path("/etc/php/8.4/mods-available/pdo.ini")


def test_bytecode_is_compiled_by_each_python(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    python = make_package("python3.13", {"usr/bin/python3.13": "", "usr/lib/python3.13/os.py": ""})
    library = make_package(
        "python3-x", {"usr/lib/python3/dist-packages/x.py": "", "usr/lib/python3/dist-packages/tests/bad.py": ""}
    )
    farm = make_farm(python, library)
    compilations = plan_bytecode(farm)
    assert [(item.package, item.sources) for item in compilations] == [
        ("python3-x", ("usr/lib/python3/dist-packages/x.py",)),
        ("python3.13", ("usr/lib/python3.13/os.py",)),
    ]
    assert "unchecked-hash" in bytecode_trigger(compilations[0]).command


def test_bytecode_comes_from_the_cache_the_second_time(
    make_package: PackageMaker, make_farm: FarmMaker, tmp_path: Path
) -> None:
    farm = make_farm(make_package("python3.13", {"usr/bin/python3.13": "", "usr/lib/python3.13/os.py": ""}))
    cache = tmp_path / "cache"
    (compilation,) = take_cached(farm, plan_bytecode(farm), cache)
    place = "usr/lib/python3.13/__pycache__/os.cpython-313.pyc"
    farm.write(place, "bytecode")
    fill_cache(farm, [compilation], cache)
    farm.remove(place)
    assert take_cached(farm, plan_bytecode(farm), cache) == []
    assert farm.read(place) == "bytecode"
    assert farm.path(place).stat().st_nlink == 1


def test_the_manifest_hash_ignores_order_and_sees_content(make_package: PackageMaker) -> None:
    one, two = make_package("one", {"usr/bin/1": "a"}), make_package("two", {"usr/bin/2": "b"})
    changed = make_package("two", {"usr/bin/2": "c"})
    assert hash_manifests([one, two], [], {}) == hash_manifests([two, one], [], {})
    assert hash_manifests([one, two], [], {}) != hash_manifests([one, changed], [], {})
    assert hash_manifests([one, two], [], {}) != hash_manifests([one, two], ["/osconf/store/x"], {})


def test_the_description_names_wrappers_with_their_sources(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    package = make_package("sudo", {"usr/bin/sudo": File("elf", mode="4755")})
    farm = make_farm(package)
    text = render_description([package], farm.plan, kind="system", extra_trees=[], manifest_hash="h", alternatives={})
    document = json.loads(text)
    assert document["packages"][0]["contents"] == package.contents
    assert document["wrappers"][0]["source"] == f"{package.contents}/usr/bin/sudo"
    assert document["wrappers"][0]["mode"] == "4755"


def test_apache_modules_bring_what_they_depend_on(make_package: PackageMaker, make_farm: FarmMaker) -> None:
    tree = {
        "etc/apache2/mods-available/status.load": "# Depends: authz_core\nLoadModule status_module x.so\n",
        "etc/apache2/mods-available/status.conf": "<Location />\n",
        "etc/apache2/mods-available/authz_core.load": "LoadModule authz_core_module y.so\n",
    }
    farm = make_farm(make_package("apache2", tree))
    enable_apache_modules(farm, [("mods", "status"), ("conf", "missing")])
    enabled = sorted(path.name for path in farm.path("etc/apache2/mods-enabled").iterdir())
    assert enabled == ["authz_core.load", "status.conf", "status.load"]
