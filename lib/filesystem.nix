# Reading the file system while evaluating.
{ lib, ... }:

let
  inherit (builtins) attrNames concatMap pathExists readDir;
in
rec {
  inherit (lib.sources) pathType pathIsDirectory pathIsRegularFile;

  # The directories below a root that hold a Haskell package of their own name.
  haskellPathsInDir = root:
    let
      entries = readDir root;
      isPackage = name: entries.${name} == "directory" && pathExists (root + "/${name}/${name}.cabal");
    in
    lib.attrsets.genAttrs (builtins.filter isPackage (attrNames entries)) (name: root + "/${name}");

  # Every file below a directory.
  listFilesRecursive = directory:
    let
      entries = readDir directory;
    in
    concatMap
      (name:
        let
          path = directory + "/${name}";
        in
        if entries.${name} == "directory" then listFilesRecursive path else [ path ])
      (attrNames entries);

  # The nearest ancestor with a file that fits: `{ path; matches; }`, or null.
  locateDominatingFile = pattern: start:
    let
      go = path:
        let
          names = attrNames (readDir path);
          found = map (name: { inherit name; match = builtins.match pattern name; }) names;
          matching = builtins.filter (entry: entry.match != null) found;
        in
        if matching != [ ] then { inherit path; matches = map (entry: entry.match) matching; }
        else if dirOf path == path then null
        else go (dirOf path);
      directory = if pathIsDirectory start then start else dirOf start;
    in
    go directory;

  # A set of packages from files: `name.nix` or `name/package.nix`, directories without one are nested sets.
  # With `newScope`, every set is a scope whose packages see each other.
  packagesFromDirectoryRecursive = { callPackage, newScope ? null, directory, ... }@arguments:
    let
      entries = readDir directory;
      members = inner: builtins.listToAttrs (concatMap (member inner) (attrNames entries));
      member = inner: name:
        let
          path = directory + "/${name}";
        in
        if entries.${name} == "directory" then [ (lib.attrsets.nameValuePair name (packagesFromDirectoryRecursive (inner // { directory = path; }))) ]
        else if entries.${name} != "regular" then
          throw "packagesFromDirectoryRecursive: ${toString path} is neither a file nor a directory, but a ${entries.${name}}"
        else if lib.strings.hasSuffix ".nix" name
        then [ (lib.attrsets.nameValuePair (lib.strings.removeSuffix ".nix" name) (inner.callPackage path { })) ]
        else [ ];
    in
    if pathExists (directory + "/package.nix") then callPackage (directory + "/package.nix") { }
    else if newScope != null then
      lib.attrsets.recurseIntoAttrs (lib.customisation.makeScope newScope (self: members (arguments // { inherit (self) callPackage newScope; })))
    else members arguments;

  # The default expression of a directory.
  resolveDefaultNix = path:
    if builtins.isString path && lib.strings.hasSuffix "/" path then path + "default.nix"
    else if pathIsDirectory path then path + "/default.nix"
    else path;
}
