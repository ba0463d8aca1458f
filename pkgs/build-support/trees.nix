# Directories put together from others.
{ lib, final, ... }:
let
  prefixes = [
    "/bin"
    "/sbin"
    "/lib"
    "/libexec"
    "/share"
    "/include"
    "/etc"
    "/opt"
  ];

  entryName =
    entry:
    if entry ? name then
      {
        path = entry.name;
        target = "${entry.path}";
      }
    else
      entry;

  # Trees merged by links; with `postBuild`, a command that then changes the result.
  joinTrees =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      ignoreCollisions ? false,
      postBuild ? "",
      nativeBuildInputs ? [ ],
      meta ? { },
      passthru ? { },
      extraAttributes ? { },
    }:
    let
      # The packages of lists in lists, as some configurations have them.
      members = lib.flatten paths;
      # A view has the raw package beside its programs: `usr` and `contents` are not meant.
      wanted =
        if pathsToLink == [ "/" ] && builtins.any (member: member ? archivePackage) members then prefixes else pathsToLink;
      joined = final.makePackage {
        pathsToLink = wanted;
        inherit
          name
          ignoreCollisions
          meta
          ;
        paths = map (path: "${path}") members;
        builder = "builtin:join";
        osconfTransparent = "1";
        passthru = {
          inherit paths;
          environmentMembers = members;
        } // passthru;
      };
    in
    if postBuild == "" then
      joined
    else
      final.runCommand name
        (
          {
            inherit joined nativeBuildInputs meta;
            osconfTransparent = "1";
            passthru = {
              inherit paths;
            } // passthru;
          }
          // extraAttributes
        )
        ''
          cp -a --no-preserve=mode "$joined" "$out"
          chmod -R u+w "$out"
          ${postBuild}
        '';
in
{
  symlinkJoin =
    arguments@{
      name ? "${arguments.pname}-${arguments.version}",
      paths ? [ ],
      postBuild ? "",
      meta ? { },
      passthru ? { },
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      stripPrefix ? "",
      ...
    }:
    joinTrees {
      inherit
        name
        paths
        postBuild
        meta
        passthru
        ;
      nativeBuildInputs = nativeBuildInputs ++ buildInputs;
      ignoreCollisions = true;
    };

  buildEnv =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      ignoreCollisions ? false,
      postBuild ? "",
      extraPrefix ? "",
      meta ? { },
      passthru ? { },
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      ...
    }:
    joinTrees {
      inherit
        name
        paths
        pathsToLink
        ignoreCollisions
        postBuild
        meta
        passthru
        ;
      nativeBuildInputs = nativeBuildInputs ++ buildInputs;
    };

  # name -> { "path/in/it" = target; } or [ { name; path; } ]
  linkFarm =
    name: entries:
    final.makePackage {
      inherit name;
      builder = "builtin:tree";
      osconfTransparent = "1";
      entries = builtins.toJSON (
        map (entry: entryName entry // { kind = "link"; }) (
          if builtins.isList entries then
            entries
          else
            lib.mapAttrsToList (path: target: {
              inherit path;
              target = "${target}";
            }) entries
        )
      );
    };

  linkFarmFromDrvs = name: drvs: final.linkFarm name (map (drv: { inherit (drv) name; path = drv; }) drvs);

  # name -> [ { path; kind = "link" | "copy" | "text" | "directory"; target | text; mode ? } ]
  makeTree =
    name: entries:
    final.makePackage {
      inherit name;
      builder = "builtin:tree";
      osconfTransparent = "1";
      entries = builtins.toJSON entries;
    };

  emptyDirectory = final.makePackage {
    name = "empty-directory";
    builder = "builtin:tree";
    entries = "[]";
  };
  emptyFile = final.writeText "empty-file" "";

  # A file that lists the closure of paths, and the registration data of their store.
  closureInfo =
    { rootPaths }:
    final.runCommand "closure-info"
      {
        __structuredAttrs = true;
        exportReferencesGraph.closure = rootPaths;
        nativeBuildInputs = [ "python3" ];
      }
      ''
        mkdir -p "$out"
        python3 - "$NIX_ATTRS_JSON_FILE" "$out" << 'END'
        import json, pathlib, sys
        closure = json.loads(pathlib.Path(sys.argv[1]).read_text())["closure"]
        out = pathlib.Path(sys.argv[2])
        (out / "store-paths").write_text("".join(info["path"] + "\n" for info in closure))
        (out / "registration").write_text("".join(
            "\n".join([info["path"], info["narHash"], str(info["narSize"]), "", str(len(info["references"])), *info["references"]])
            + "\n"
            for info in closure
        ))
        (out / "total-nar-size").write_text(str(sum(info["narSize"] for info in closure)))
        END
      '';
}
