"""Package views."""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.environment.view import View, plan_view, write_view
from osconf.errors import BuildError

from .conftest import File, Link, PackageMaker


def test_programs_lead_into_the_environment_and_the_rest_into_the_package(make_package: PackageMaker) -> None:
    tree = {"usr/sbin/nginx": File("elf", mode="0755"), "usr/share/nginx/x": "", "etc/nginx.conf": "", "var/log/n": ""}
    package = make_package("nginx", tree)
    links = plan_view(package, [], {}).links
    assert links["bin/nginx"] == links["sbin/nginx"] == "/usr/sbin/nginx"
    assert links["share"] == f"{package.contents}/usr/share"
    assert links["etc"] == f"{package.contents}/etc"
    assert links["contents"] == package.contents


def test_siblings_lend_their_programs(make_package: PackageMaker) -> None:
    shell = make_package("python3", {"usr/bin/python3": Link("python3.13"), "usr/share/doc/python3/x": ""})
    minimal = make_package("python3.13-minimal", {"usr/bin/python3.13": File("elf", mode="0755")})
    links = plan_view(shell, [minimal], {"python": "python3", "pserve": "/usr/bin/pserve3"}).links
    assert links["bin/python3.13"] == "/usr/bin/python3.13"
    assert links["bin/python"] == "/usr/bin/python3"
    assert links["bin/pserve"] == "/usr/bin/pserve3"


def test_data_in_bin_is_no_program(make_package: PackageMaker) -> None:
    assert "bin/readme" not in plan_view(make_package("p", {"usr/bin/readme": "text"}), [], {}).links


def test_a_view_is_written_as_links(make_package: PackageMaker, tmp_path: Path) -> None:
    package = make_package("p", {"usr/bin/p": File("elf", mode="0755")})
    write_view(plan_view(package, [], {}), tmp_path / "view")
    assert (tmp_path / "view/bin/p").readlink() == Path("/usr/bin/p")


@pytest.mark.parametrize("links", [{"bin/../../evil": "/x"}, {"bin/a": "AWAY", "bin/a/evil": "/x"}, {"/evil": "/x"}])
def test_view_is_made_nowhere_else(tmp_path: Path, links: dict[str, str]) -> None:
    (tmp_path / "away").mkdir()
    view = View({path: target.replace("AWAY", str(tmp_path / "away")) for path, target in links.items()})
    with pytest.raises(BuildError):
        write_view(view, tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))
