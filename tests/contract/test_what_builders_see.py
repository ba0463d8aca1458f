"""What a builder is given is what Nix gives it: variables, files of attributes, graphs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.store.binary_cache import open_cache
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey, parse_public_keys
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not has_nix(), reason="no nix-store here"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here"),
]

VALID = ',"valid":true'
KEY = SecretKey.generate("builders-1")

# Writes the variables, and the files that the arguments name, into the output that the first argument names.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
int main(int count, char **names) {
    FILE *out = fopen(names[1], "w");
    int n = 0, c;
    while (environ[n]) n++;
    qsort(environ, n, sizeof *environ, compare);
    for (int i = 0; i < n; i++) fprintf(out, "%s\n", environ[i]);
    for (int i = 2; i < count; i++) {
        FILE *in = fopen(names[i], "r");
        fprintf(out, "[%s]\n", names[i]);
        while (in && (c = getc(in)) != EOF) putc(c, out);
    }
    return fclose(out);
}
"""
BUILDERS = """
let
  make = name: files: attributes: derivation ({
    inherit name; system = builtins.currentSystem; builder = "${./program}";
    args = [ (builtins.placeholder "out") ] ++ files;
  } // attributes);
  deep = make "deep" [ ] { };
  near = make "near" [ ] { inherit deep; };
in {
  plain = make "plain" [ "deep" "near" "recipe" ] {
    exportReferencesGraph = [ "deep" deep "near" near "recipe" near.drvPath ];
    passAsFile = [ "long" "missing" ]; long = "é\\n"; list = [ 1 [ true null ] "x y" ];
    TMPDIR = "/x"; NIX_BUILD_TOP = "/x"; PWD = "/x"; NIX_LOG_FD = "7"; TERM = "dumb"; HOME = "/h"; NIX_STORE = "/s";
  };
  structured = make "structured" [ ".attrs.json" ".attrs.sh" ] {
    __structuredAttrs = true;
    text = "it's é\\n\\"x\\" $y `z`"; yes = true; no = false; nothing = null; whole = 2.0; part = 1.5; minus = -3;
    list = [ 1 "b c" true null ]; lists = [ [ 1 ] ]; parts = [ 1.5 ]; none = [ ]; "bad-name" = 1; _ok = 1;
    set = { x = 1; "y z" = "q'"; }; sets = { x = [ 1 ]; }; empty = { }; self = builtins.placeholder "out";
    exportReferencesGraph = { one = [ near ]; source = builtins.toFile "source" "x"; recipe = [ near.drvPath ]; };
  };
}
"""


@pytest.mark.parametrize("name", ["plain", "structured"])
def test_builders_see_what_nix_shows(oracle: NixOracle, store: LocalStore, tmp_path: Path, name: str) -> None:
    subprocess.run(
        ["gcc", "-static", "-x", "c", "-", "-o", str(tmp_path / "program")], input=PROGRAM.encode(), check=True
    )
    (tmp_path / "all.nix").write_text(BUILDERS)
    oracle.environment["NIX_CONFIG"] += "sandbox-paths =\ncores = 1\n"
    drv = oracle.text("nix-instantiate", str(tmp_path / "all.nix"), "-A", name)
    oracle.run("nix-store", "--realise", drv)
    # Through a cache: unlike a stream it tells which paths prove their own names.
    (tmp_path / "key").write_text(KEY.render())
    address = f"file://{tmp_path / 'cache'}?secret-key={tmp_path / 'key'}"
    oracle.run("nix", "copy", "--derivation", "--to", address, drv)
    cache = open_cache(f"file://{tmp_path / 'cache'}", "/nix/store")
    for narinfo in cache.closure([drv], store.is_valid) or []:
        cache.fetch(store, narinfo, parse_public_keys([KEY.render_public()]))
    realise(store, [drv], {}, BuildSettings())
    out = store.read_derivation(drv).output_path()
    theirs = (oracle.root / "root" / out.lstrip("/")).read_text()
    ours = store.real_path(out).read_text()
    if name == "structured":
        # Structured builders of ours have their outputs as variables too, so that one script does for both kinds.
        ours = ours.replace(f"out={out}\n", "", 1)
    # An old Nix names the directory as it is called outside, and does not say that paths are valid.
    theirs = theirs.replace(f"/tmp/nix-build-{name}.drv-0", "/build")
    assert ours.replace(VALID, "") == theirs.replace(VALID, "")
