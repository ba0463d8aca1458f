# Derivations as package values, and calling functions with the packages that they name.
{
  lib,
  system,
  final,
  primops,
  ...
}:
let
  # A builtin builder's version is part of what it makes: another version, another store path.
  builderVersion =
    builder:
    let
      version = primops.builderVersions.${lib.removePrefix "builtin:" builder} or null;
    in
    if lib.hasPrefix "builtin:" builder && version != null then { builderVersion = version; } else { };

  # A derivation with what a package value has beside it. `attributes` may hold `meta` and `passthru`.
  makePackage =
    attributes:
    let
      meta = attributes.meta or { };
      passthru = attributes.passthru or { };
      build = builtins.removeAttrs attributes [
        "meta"
        "passthru"
      ];
      raw = derivation (
        {
          inherit system;
          name = "${attributes.pname}-${attributes.version}";
        }
        // builderVersion (attributes.builder or "")
        // build
      );
      package =
        raw
        // passthru
        // {
          pname = attributes.pname or (builtins.parseDrvName raw.name).name;
          version = attributes.version or (builtins.parseDrvName raw.name).version;
          inherit passthru;
          meta = {
            name = raw.name;
            available = true;
            broken = false;
          } // meta;
          overrideAttrs =
            change:
            makePackage (
              attributes
              // (
                if builtins.isFunction change then
                  let
                    first = change attributes;
                  in
                  if builtins.isFunction first then change package attributes else first
                else
                  change
              )
            );
        };
    in
    package;

  platform = rec {
    inherit system;
    isLinux = true;
    isDarwin = false;
    isUnix = true;
    isFreeBSD = false;
    isMusl = false;
    isGnu = true;
    isx86 = isx86_64;
    isx86_64 = system == "x86_64-linux";
    isx86_32 = false;
    isi686 = false;
    isAarch = isAarch64;
    isAarch64 = system == "aarch64-linux";
    isAarch32 = false;
    isRiscV = isRiscV64;
    isRiscV64 = system == "riscv64-linux";
    is64bit = true;
    is32bit = false;
    isEfi = true;
    isStatic = false;
    config = "${builtins.head (lib.splitString "-" system)}-unknown-linux-gnu";
    efiArch = if isAarch64 then "aa64" else "x64";
    linuxArch = if isAarch64 then "arm64" else "x86_64";
    parsed.cpu.name = builtins.head (lib.splitString "-" system);
    canExecute = other: other.system == system;
    emulatorAvailable = _: false;
  };
in
{
  inherit makePackage;
  inherit (primops) builderVersions;

  callPackage = lib.callPackageWith final;
  callPackages = lib.callPackagesWith final;
  newScope = extra: lib.callPackageWith (final // extra);
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

  hostPlatform = platform;
  buildPlatform = platform;
  targetPlatform = platform;

  # Every environment has a shell at this path: bash is Essential.
  runtimeShell = "/usr/bin/bash";
}
