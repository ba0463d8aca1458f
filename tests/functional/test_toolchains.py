"""Toolchains in an environment of hard links: what calls realpath on itself must stay in /usr and find its parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.archive_environment import BuiltEnvironment, RealPackages

pytestmark = pytest.mark.archive

PACKAGES = (
    "gcc",
    "g++",
    "make",
    "python3",
    "perl",
    "default-jdk-headless",
    "golang-go",
    "nodejs",
    "ca-certificates",
    "openssl",
)


@pytest.fixture(scope="module")
def toolchains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltEnvironment]:
    environment = RealPackages(tmp_path_factory.mktemp("toolchains")).build("toolchains", PACKAGES)
    yield environment
    assert environment.find_changed_files() == []


def run_source(environment: BuiltEnvironment, directory: Path, name: str, source: str, command: str) -> str:
    """Write a source file and run a shell command beside it; returns what it printed."""
    (directory / name).write_text(source)
    ran = environment.run("sh", "-ec", command, directory=directory)
    assert ran.exit_code == 0, ran.output
    return ran.output.strip()


def test_nothing_is_unknown(toolchains: BuiltEnvironment) -> None:
    assert toolchains.warnings == []


def test_c(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = '#include <math.h>\n#include <stdio.h>\nint main(void) { printf("%.0f\\n", sqrt(1764.0)); }\n'
    assert run_source(toolchains, tmp_path, "x.c", source, "cc -O1 -o x x.c -lm && ./x") == "42"


def test_cxx(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = "#include <iostream>\n#include <vector>\nint main() { std::vector<int> v(42); std::cout << v.size(); }\n"
    assert run_source(toolchains, tmp_path, "x.cc", source, "c++ -o x x.cc && ./x") == "42"


def test_make_and_awk(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    assert run_source(toolchains, tmp_path, "Makefile", "all:\n\t@awk 'BEGIN { print 6 * 7 }'\n", "make") == "42"


def test_python(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = (
        "import ctypes, json, sqlite3, ssl\n"
        "context = ssl.create_default_context()\n"
        "print(len(context.get_ca_certs()) > 100, sqlite3.connect(':memory:').execute('select 42').fetchone()[0])\n"
        "print(json.__cached__, __import__('os').path.exists(json.__cached__))\n"
    )
    first, second = run_source(toolchains, tmp_path, "x.py", source, "python3 x.py").splitlines()
    assert first == "True 42"
    assert second.startswith("/usr/lib/python3")
    assert second.endswith("True")


def test_perl(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = "use strict; use POSIX qw(floor); use JSON::PP; print encode_json([floor(42.5)]);"
    assert run_source(toolchains, tmp_path, "x.pl", source, "perl x.pl") == "[42]"


def test_java_and_its_certificates(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = """
    import java.security.KeyStore;
    import javax.net.ssl.TrustManagerFactory;
    import javax.net.ssl.X509TrustManager;
    public class X {
        public static void main(String[] arguments) throws Exception {
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            var count = ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length;
            System.out.println(count > 100 ? "trusts" : "trusts only " + count);
        }
    }
    """
    assert run_source(toolchains, tmp_path, "X.java", source, "javac X.java && java X") == "trusts"


def test_go(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = "package main\n\nfunc main() { print(42) }\n"
    command = "export GOCACHE=$PWD/cache GOPATH=$PWD/path GOFLAGS=-mod=mod CGO_ENABLED=0; go run x.go"
    assert run_source(toolchains, tmp_path, "x.go", source, command) == "42"


def test_node(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    source = "const crypto = require('crypto');\nconsole.log(crypto.createHash('md5').update('').digest('hex'));\n"
    expected = "d41d8cd98f00b204e9800998ecf8427e"
    assert run_source(toolchains, tmp_path, "x.js", source, "node x.js") == expected


def test_openssl_finds_the_hashed_certificates(toolchains: BuiltEnvironment, tmp_path: Path) -> None:
    command = "openssl verify -CApath /etc/ssl/certs /etc/ssl/certs/ISRG_Root_X1.pem"
    assert run_source(toolchains, tmp_path, "x", "", command).endswith(": OK")
