# One package of the archive as a value: name and metadata of the index in, a derivation value out.
#
# Interpolated it is a view: bin/ and sbin/ hold links to /usr/bin/NAME, the rest links into `contents`, the unpacked
# package. What names a view in a unit, a script or an etc file thereby joins the environment that it runs in.
{
  lib,
  system,
  primops,
  # name: package value, of the same archive
  findPackage,
  programs,
}:
name: metadata:
let
  storeName = primops.mangleStoreName "${name}-${metadata.version}";

  contents = derivation {
    name = storeName;
    inherit system;
    builder = "builtin:deb";
    package = name;
    inherit (metadata)
      base
      filename
      sha256
      size
      ;
    format = primops.debFormat;
  };

  view = derivation {
    name = storeName;
    inherit system contents;
    builder = "builtin:package-view";
    package = name;
    siblings = builtins.toJSON (
      map (sibling: {
        name = sibling;
        contents = "${(findPackage sibling).contents}";
      }) metadata.siblings
    );
    aliases = builtins.toJSON (programs.aliases.${name} or { });
    archivePackage = name;
    archiveSha256 = metadata.sha256;
    format = primops.environmentFormat;
  };

  developmentPackage =
    if metadata.developmentPackages == [ ] then package else findPackage (builtins.head metadata.developmentPackages);

  refuseChange =
    what:
    throw "${name} comes from the archive and cannot be changed with ${what}: build it from source (pkgs.stdenv.mkDerivation), or add a directory of rebuilt .deb files to osconf.archive.sources";

  # What overrideAttrs may change without another build.
  harmless = [ "meta" "passthru" "name" "pname" "version" ];

  package = {
    type = "derivation";
    pname = name;
    inherit (metadata) version;
    name = "${name}-${metadata.version}";
    inherit system contents;
    inherit (view) outPath drvPath drvAttrs builder;
    outputName = "out";
    outputs = [ "out" ];
    out = package;
    all = [ package ];

    # The outputs that other package sets split: here each is a package of its own, or the package itself.
    dev = developmentPackage;
    lib = package;
    bin = package;
    man = package;
    doc = package;

    archivePackage = name;
    inherit (metadata)
      sha256
      depends
      builtFromSource
      developmentPackages
      suite
      origin
      ;
    sourcePackage = metadata.source;

    meta = {
      inherit (metadata) description homepage section;
      name = "${name}-${metadata.version}";
      mainProgram = programs.main.${name} or name;
      available = true;
      broken = false;
      unsupported = false;
      unfree = lib.hasPrefix "non-free" metadata.section;
      platforms = [ system ];
      outputsToInstall = [ "out" ];
    };
    passthru = { };

    override = _: package;
    overrideDerivation = _: refuseChange "overrideDerivation";
    overrideAttrs =
      change:
      let
        given =
          if builtins.isFunction change then
            let
              first = change package;
            in
            if builtins.isFunction first then change package package else first
          else
            change;
        foreign = builtins.attrNames (builtins.removeAttrs given harmless);
      in
      if foreign != [ ] then
        refuseChange "overrideAttrs { ${builtins.head foreign} = …; }"
      else
        package
        // given
        // given.passthru or { }
        // {
          meta = package.meta // given.meta or { };
        };
  };
in
package
