# Source trees and their filters.
{ lib, ... }:

let
  inherit (builtins) match pathExists readFile split storeDir tryEval;
  inherit (lib.strings) hasSuffix removePrefix;

  # A path or an already filtered source, in one form.
  toSourceAttributes = src:
    let
      isFiltered = src ? _isLibCleanSourceWith;
    in
    {
      origSrc = if isFiltered then src.origSrc else src;
      filter = if isFiltered then src.filter else _: _: true;
      name = if isFiltered then src.name else "source";
    };
  fromSourceAttributes = { origSrc, filter, name }: {
    _isLibCleanSourceWith = true;
    inherit origSrc filter name;
    outPath = builtins.path { inherit filter name; path = origSrc; };
  };
in
rec {
  pathType = path:
    if !pathExists path then builtins.throw "lib.sources.pathType: the path ${toString path} does not exist"
    else if dirOf path == path then "directory"
    else (builtins.readDir (dirOf path)).${baseNameOf path};
  pathIsDirectory = path: pathExists path && pathType path == "directory";
  pathIsRegularFile = path: pathExists path && pathType path == "regular";

  # Leaves out version control, editors' backups and build results.
  cleanSourceFilter = name: type:
    let
      base = baseNameOf (toString name);
    in
    !(
      (base == ".git" || (type == "directory" && (base == ".svn" || base == "CVS" || base == ".hg" || base == ".jj")))
      || hasSuffix "~" base
      || match "^\\.sw[a-z]$" base != null
      || match "^\\..*\\.sw[a-z]$" base != null
      || hasSuffix ".o" base
      || hasSuffix ".so" base
      || (type == "symlink" && lib.strings.hasPrefix "result" base)
      || type == "unknown"
    );
  cleanSource = src: cleanSourceWith { filter = cleanSourceFilter; inherit src; };

  # Filters compose: an already filtered source is filtered further.
  cleanSourceWith = { filter ? _path: _type: true, src, name ? null }:
    let
      old = toSourceAttributes src;
    in
    fromSourceAttributes {
      inherit (old) origSrc;
      filter = path: type: filter path type && old.filter path type;
      name = if name != null then name else old.name;
    };

  # Only what matches one of the regular expressions, relative to the root.
  sourceByRegex = src: regexes:
    let
      isFiltered = src ? _isLibCleanSourceWith;
      origin = if isFiltered then src.origSrc else src;
    in
    cleanSourceWith {
      filter = path: type:
        let
          relative = removePrefix (toString origin + "/") (toString path);
        in
        builtins.any (regex: match regex relative != null) regexes;
      inherit src;
    };

  # Files that match one of the globs (`*`, `?`, `**`), relative to the root, and the directories of them.
  sourceByGlobs = src: globs:
    let
      part = text: lib.strings.concatMapStrings
        (piece:
          if builtins.isList piece then { "**" = ".*"; "*" = "[^/]*"; "?" = "[^/]"; }.${builtins.head piece}
          else lib.strings.escapeRegex piece)
        (split "([*][*]|[*]|[?])" text);
      prefixes = glob:
        let
          parts = lib.strings.splitString "/" glob;
        in
        builtins.genList (n: builtins.concatStringsSep "/" (lib.lists.take (n + 1) parts)) (builtins.length parts - 1);
      directories = lib.lists.unique (builtins.concatMap prefixes globs);
      fits = texts: path: builtins.any (text: match (part text) path != null) texts;
      origin = toString (toSourceAttributes src).origSrc;
    in
    cleanSourceWith {
      inherit src;
      filter = path: type:
        let
          relative = removePrefix (origin + "/") (toString path);
        in
        fits globs relative || (type == "directory" && fits directories relative);
    };

  # Directories, and files with one of the suffixes.
  sourceFilesBySuffices = src: suffixes: cleanSourceWith {
    filter = name: type: type == "directory" || builtins.any (suffix: hasSuffix suffix (baseNameOf name)) suffixes;
    inherit src;
  };
  sourceFilesBySuffixes = sourceFilesBySuffices;

  trace = src:
    let
      old = toSourceAttributes src;
    in
    fromSourceAttributes (old // {
      filter = path: type:
        let
          keep = old.filter path type;
        in
        builtins.trace "${baseNameOf path}.filter ${toString path} = ${lib.trivial.boolToString keep}" keep;
    });

  # The revision of a Git checkout.
  commitIdFromGitRepo = path:
    let
      found = revisionOf path;
    in
    if found ? value then found.value else builtins.throw found.error;
  pathIsGitRepo = path: (revisionOf path) ? value;
  revisionOf = path:
    let
      gitDirectory =
        if pathIsDirectory (toString path + "/.git") then toString path + "/.git"
        else if pathIsDirectory path then toString path else null;
      head = readFile (gitDirectory + "/HEAD");
      reference = match "ref: (.*)\n" head;
      referenceFile = gitDirectory + "/${builtins.head reference}";
      packed = match ".*\n([^\n ]*) ${lib.strings.escapeRegex (builtins.head reference)}\n.*" (readFile (gitDirectory + "/packed-refs"));
    in
    if gitDirectory == null || !pathExists (gitDirectory + "/HEAD") then { error = "${toString path} is not a Git repository"; }
    else if reference == null then { value = lib.strings.removeSuffix "\n" head; }
    else if pathExists referenceFile then { value = lib.strings.fileContents referenceFile; }
    else if pathExists (gitDirectory + "/packed-refs") && packed != null then { value = builtins.head packed; }
    else { error = "${toString path}: no revision found for ${builtins.head reference}"; };
  # A revision in few characters: the start of a hash, the number of a version tag.
  shortRev = revision:
    let
      base = baseNameOf (toString revision);
      version = match "([A-Za-z]+[-_. ]?)*(v)?([0-9.]+.*)" base;
    in
    if match "[a-f0-9]+" base != null then builtins.substring 0 7 base
    else if version != null then lib.lists.last version
    else base;
  # The tag, or the revision without one.
  revOrTag = revision: tag: if tag != null then tag else if revision != null then revision else "HEAD";
  # What an address leads to, without the endings of repositories and archives.
  urlToName = url:
    let
      bare = name:
        let
          inner = match "(.*)\\.(git|tar|zip|gz|tgz|bz|tbz|bz2|tbz2|lzma|txz|xz|zstd)" name;
        in
        if inner == null then name else bare (builtins.head inner);
    in
    bare (baseNameOf (lib.strings.removeSuffix "/" (lib.lists.last (lib.strings.splitString ":" (toString url)))));
  # How a download is called: always `source`, by its version, or by its fetcher too.
  repoRevToName = kind:
    let
      named = url: revision: suffix:
        urlToName url
        + lib.strings.optionalString (revision != null) "-${shortRev revision}"
        + lib.strings.optionalString (suffix != null) "-${suffix}"
        + "-source";
    in
    {
      source = _: _: _: "source";
      versioned = url: revision: _: named url revision null;
      full = named;
    }.${kind} or (throw "repoRevToName: `${kind}' is none of source, versioned and full");
  pathHasContext = builtins.hasContext or (path: lib.strings.hasPrefix storeDir (toString path));
  canCleanSource = src: src ? _isLibCleanSourceWith || !(pathHasContext (toString src));
}
