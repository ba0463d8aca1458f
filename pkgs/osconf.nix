# osconf itself, and the part of it that every system closure carries to activate itself.
{ lib, primops }:
final:
let
  tree = ../.;
  isWanted =
    names: path: type:
    let
      base = baseNameOf path;
    in
    if type == "directory" then
      base != "__pycache__" && builtins.substring 0 1 base != "."
    else
      builtins.any (suffix: lib.hasSuffix suffix base) names;
  filterTree =
    name: path: suffixes:
    builtins.path {
      inherit name path;
      filter = isWanted suffixes;
    };

  program = [ ".py" ".lark" ".nix" ".sql" ".json" ".typed" ];
  language = [ ".nix" ".sh" ".py" ".j2" ".json" ".txt" "version" ".xml" ];

  # Byte code is part of the path: nothing can write it later. Sources never change, so Python need not look at them.
  compile = ''
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$out" -p "$out" "$out/share/osconf/osconf"
  '';

  # The language's code for this Python, so that the first evaluation on a machine does not compile it.
  precompile = ''
    PYTHONHASHSEED=0 PYTHONPATH="$share" PYTHONDONTWRITEBYTECODE=1 python3 -S -m osconf.rebuild.precompile
  '';

  activatorParts = [
    "__init__.py"
    "errors.py"
    "log.py"
    "activation"
    "host"
    "model"
  ];

  libraries = [
    "python3"
    "python3-click"
    "python3-cryptography"
    "python3-jinja2"
    "python3-pystemd"
    "python3-pyudev"
    "python3-rich"
    "python3-urllib3"
    "python3-zstandard"
    "debian-archive-keyring"
    "gpgv"
  ];
in
{
  osconf =
    final.runCommand "osconf"
      {
        nativeBuildInputs = [ "python3" ];
        source = filterTree "osconf-program" (tree + "/osconf") program;
        parts = map (name: filterTree "osconf-${name}" (tree + "/${name}") language) [
          "lib"
          "modules"
          "pkgs"
          "templates"
        ];
        passthru.archiveDependencies = libraries;
        archiveDependencies = libraries;
        meta = {
          mainProgram = "osconf";
          description = "Declarative operating system on the Debian archive";
        };
      }
      ''
        share="$out/share/osconf"
        mkdir -p "$share" "$out/bin"
        cp -r --no-preserve=mode "$source" "$share/osconf"
        for part in $parts; do
          cp -r --no-preserve=mode "$part" "$share/''${part##*-osconf-}"
        done
        cat > "$out/bin/osconf" << END
        #!/usr/bin/python3 -I
        import sys
        sys.path.insert(0, "$share")
        from osconf.cli import main
        sys.exit(main())
        END
        chmod +x "$out/bin/osconf"
        ${compile}
        ${precompile}
      '';

  osconf-activator =
    final.runCommand "osconf-activator"
      {
        nativeBuildInputs = [ "python3" ];
        parts = map (
          name: if lib.hasSuffix ".py" name then tree + "/osconf/${name}" else filterTree "part-${name}" (tree + "/osconf/${name}") program
        ) activatorParts;
        meta.description = "What a system closure carries to activate itself";
      }
      ''
        target="$out/share/osconf/osconf"
        mkdir -p "$target"
        for part in $parts; do
          name=''${part##*/}
          name=''${name#*-}
          cp -r --no-preserve=mode "$part" "$target/''${name#part-}"
        done
        ${compile}
      '';

  # What a system needs of the archive to build its own next generation: the lock, and the indexes that it pins.
  archiveState =
    let
      state = primops.archiveState { inherit (final) sources; };
      store =
        entry:
        builtins.path {
          name = "archive-index";
          path = entry.file;
          recursive = false;
          inherit (entry) sha256;
        };
      place = entry: "blobs/${builtins.substring 0 2 entry.sha256}/${entry.sha256}";
    in
    {
      cache = final.linkFarm "archive-cache" (
        map (entry: {
          name = place entry;
          path = store entry;
        }) state.files
      );
      lock = final.writeText "osconf.lock" state.lock;
    };

  # A configuration as a system keeps it, with the lock that it was built from.
  systemConfiguration =
    file:
    final.makeTree "system-configuration" [
      {
        path = "configuration.nix";
        kind = "copy";
        target = "${builtins.path {
          name = "configuration.nix";
          path = file;
        }}";
      }
      {
        path = "osconf.lock";
        kind = "copy";
        target = "${final.archiveState.lock}";
      }
    ];
}
