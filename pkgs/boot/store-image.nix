# The closure of a system as one read-only EROFS image, which a virtual machine lays its writable store over.
{ pkgs, lib }:
{ system, name ? "osconf" }:
pkgs.runCommand "${name}-store-image"
  {
    nativeBuildInputs = [
      pkgs.erofs-utils
      pkgs.python3
      pkgs.tar
    ];
    __structuredAttrs = true;
    exportReferencesGraph.closure = [ system ];
  }
  ''
    python3 - "$NIX_ATTRS_JSON_FILE" << 'END'
    import json, pathlib, sys
    closure = json.loads(pathlib.Path(sys.argv[1]).read_text())["closure"]
    # In the store itself, too: the machine's first osconf finds there what is valid.
    for name in ("registration.json", ".registration.json"):
        pathlib.Path(name).write_text(json.dumps(closure))
    pathlib.Path("paths").write_text("".join(pathlib.Path(info["path"]).name + "\n" for info in closure))
    END
    out=''${outputs[out]}
    mkdir -p "$out"
    # A tar stream keeps the hard links of environments, and needs no copy of the closure.
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --format=posix \
      --pax-option=delete=atime,delete=ctime -C "$NIX_STORE" -T paths -C "$PWD" .registration.json \
      | mkfs.erofs --quiet -zlz4 -T1 -U 3d0f6f0a-52f5-4d13-9c63-6c1c1a1f7e01 --tar=f "$out/store.erofs"
    cp registration.json "$out/registration.json"
  ''
