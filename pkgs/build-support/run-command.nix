# Builds in the sandbox: a command, or the phases of a source package, in an environment of the archive's packages.
{
  lib,
  system,
  archive,
  final,
  ...
}:
let
  shell = "/usr/bin/bash";
  setup = ./setup.sh;
  setupDirectory = final.writeTextDir "setup" ''
    onlyFunctions=1
    . ${setup}
    for phase in unpack patch configure build check install fixup; do
      eval "''${phase}Phase() { default_''${phase}Phase \"\$@\"; }"
    done
  '';

  # The headers of a library are a package of their own in the archive.
  withDevelopmentFiles =
    input:
    if builtins.isAttrs input && input ? archivePackage then
      [ input ] ++ map (name: archive.${name}) input.developmentPackages
    else
      [ input ];

  inputNames = [
    "depsBuildBuild"
    "nativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
    "checkInputs"
    "nativeCheckInputs"
  ];

  # What a build needs of an input when its result runs: a library itself, not its headers.
  runtimePackages =
    input:
    if !(builtins.isAttrs input) then
      [ ]
    else if !(input ? archivePackage) then
      input.archiveDependencies or [ ]
    else if lib.hasSuffix "-dev" input.archivePackage then
      builtins.filter (name: builtins.elem name input.builtFromSource && !(lib.hasSuffix "-dev" name)) input.depends
    else
      [ input.archivePackage ];

  isBuilt = input: builtins.isAttrs input && !(input ? archivePackage);

  # A build in an environment of `tools`, the inputs, and every archive package that the attributes refer to.
  makeBuild =
    tools: attributes:
    let
      given = builtins.removeAttrs attributes (
        inputNames
        ++ [
          "meta"
          "passthru"
          "args"
          "builder"
          "stdenv"
        ]
      );
      structured = attributes.__structuredAttrs or false;
      inputs = lib.flatten (map (name: attributes.${name} or [ ]) inputNames);
      buildInputs = lib.flatten ((attributes.buildInputs or [ ]) ++ (attributes.propagatedBuildInputs or [ ]));
      name = attributes.name or "${attributes.pname}-${attributes.version}";
      environment = final.mkEnvironment {
        name = "${name}-build-environment";
        kind = "build";
        packages = tools ++ inputs ++ builtins.concatMap withDevelopmentFiles buildInputs;
        context = builtins.removeAttrs given [
          "archiveDependencies" # what the result needs when it runs
          "exportReferencesGraph"
          "src"
          "srcs"
        ];
        reason = "to build ‘${name}’";
      };
      builtInputs = builtins.filter isBuilt inputs;
      # A script of the caller's own, which may read `$stdenv/setup` and call its functions.
      ownBuilder = lib.optionalAttrs (attributes ? builder || attributes ? args) {
        builder = attributes.realBuilder or (if attributes ? args then attributes.builder or shell else shell);
        args = attributes.args or [ "-e" attributes.builder ];
        stdenv = setupDirectory;
      };
    in
    final.makePackage (
      {
        name = name;
      }
      // given
      // {
        inherit system;
        builder = shell;
        args = [
          "-e"
          "${setup}"
        ];
        osconfEnvironment = environment;
        builtInputs = if structured then builtInputs else map (input: "${input}") builtInputs;
        meta = attributes.meta or { };
        passthru = {
          inherit environment;
          inherit (attributes) name;
        } // attributes.passthru or { };
      }
      // ownBuilder
    );

  runCommandWith =
    tools: name: attributes: command:
    makeBuild tools (
      attributes
      // {
        inherit name;
        buildCommand = command;
        passthru = attributes.passthru or { };
      }
    );

  compilers = [
    "gcc"
    "g++"
    "make"
    "patch"
    "pkg-config"
    "file"
    "dpkg-dev"
    "libc6-dev"
    "bzip2"
    "xz-utils"
    "zstd"
    "unzip"
  ];

  mkDerivation =
    argument:
    let
      attributes =
        if builtins.isFunction argument then
          let
            # `finalAttrs` is what the attributes become, with the package itself.
            final = argument (final // { finalPackage = package; });
          in
          final
        else
          argument;
      package =
        let
          libraries = lib.flatten ((attributes.buildInputs or [ ]) ++ (attributes.propagatedBuildInputs or [ ]));
          archiveDependencies =
            attributes.archiveDependencies
              or (lib.unique ([ "libstdc++6" ] ++ builtins.concatMap runtimePackages libraries));
          built = makeBuild compilers (
            attributes
            // {
              name = attributes.name or "${attributes.pname}-${attributes.version}";
              isSourceBuild = "1";
              inherit archiveDependencies;
              passthru = {
                inherit archiveDependencies;
              } // attributes.passthru or { };
            }
          );
        in
        built
        // {
          pname = attributes.pname or built.pname;
          version = attributes.version or built.version;
          overrideAttrs =
            change:
            mkDerivation (
              if builtins.isFunction argument then
                finalAttrs: applyChange change finalAttrs (argument finalAttrs)
              else
                attributes // applyChange change attributes attributes
            );
        };
      applyChange =
        change: finalAttrs: previous:
        if builtins.isFunction change then
          let
            first = change previous;
          in
          previous // (if builtins.isFunction first then change finalAttrs previous else first)
        else
          previous // change;
    in
    package;
in
{
  runCommand = runCommandWith [ ];
  runCommandLocal = runCommandWith [ ];
  runCommandCC = runCommandWith compilers;
  runCommandWith =
    {
      name,
      derivationArgs ? { },
      ...
    }:
    runCommandWith [ ] name derivationArgs;

  stdenv = {
    inherit mkDerivation system shell;
    inherit (final) hostPlatform buildPlatform targetPlatform;
    isLinux = true;
    isDarwin = false;
    inherit (final.hostPlatform)
      isx86_64
      isAarch64
      is64bit
      isx86_32
      ;
    cc = archive.gcc;
  };
  stdenvNoCC = final.stdenv // {
    mkDerivation =
      argument:
      makeBuild [ ] ((if builtins.isFunction argument then lib.fix argument else argument) // { isSourceBuild = "1"; });
  };
  gccStdenv = final.stdenv;

  mkShell =
    attributes:
    final.stdenv.mkDerivation (
      {
        name = "shell";
        dontUnpack = "1";
        dontBuild = "1";
        installPhase = ''mkdir -p "$out"; env > "$out/environment"'';
      }
      // builtins.removeAttrs attributes [ "packages" "inputsFrom" ]
      // {
        nativeBuildInputs = (attributes.nativeBuildInputs or [ ]) ++ (attributes.packages or [ ]);
      }
    );
  mkShellNoCC = final.mkShell;

  # Functions of every build (setup.sh): naming them as inputs is allowed and changes nothing.
  makeWrapper = final.emptyDirectory;
  makeBinaryWrapper = final.emptyDirectory;
  installShellFiles = final.emptyDirectory;
}
