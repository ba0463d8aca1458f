# Platforms: what `pkgs.stdenv.hostPlatform` knows of a system such as `x86_64-linux`.
{ lib, ... }:

let
  inherit (builtins) isAttrs isString mapAttrs removeAttrs;
  inherit (lib.attrsets) optionalAttrs;

  # The names that Debian gives to processors with Linux.
  debianNames = {
    x86_64 = "amd64";
    i686 = "i386";
    aarch64 = "arm64";
    armv7l = "armhf";
    armv7a = "armhf";
    armv5tel = "armel";
    riscv64 = "riscv64";
    powerpc64le = "ppc64el";
    powerpc64 = "ppc64";
    mips64el = "mips64el";
    s390x = "s390x";
    loongarch64 = "loong64";
  };
  efiNames = { x86_64 = "x64"; aarch64 = "aa64"; riscv64 = "riscv64"; riscv32 = "riscv32"; loongarch64 = "loongarch64"; };
  goNames = {
    x86_64 = "amd64";
    aarch64 = "arm64";
    loongarch64 = "loong64";
    mips64el = "mips64le";
    mipsel = "mipsle";
    powerpc64le = "ppc64le";
    powerpc64 = "ppc64";
    wasm32 = "wasm";
  };
in
rec {
  parse = import ./parse.nix { inherit lib; };
  inspect = import ./inspect.nix { inherit lib; };
  doubles = import ./doubles.nix { inherit lib; };
  platforms = import ./platforms.nix { inherit lib; };
  examples = import ./examples.nix { inherit lib; };
  architectures = import ./architectures.nix { inherit lib; };

  # The systems that the old interface had under `lib.systems.supported`.
  supported.hydra = flakeExposed;

  # The systems of flakes.
  flakeExposed = [
    "x86_64-linux" "aarch64-linux" "x86_64-darwin" "armv6l-linux" "armv7l-linux" "i686-linux" "aarch64-darwin" "powerpc64le-linux"
    "riscv64-linux" "x86_64-freebsd"
  ];

  # `{ system = …; }` of a system's name; sets stay.
  systemToAttrs = given: if isString given then { system = given; } else given;

  # Whether two elaborated platforms are the same, functions aside.
  equals =
    let
      data = platform: lib.attrsets.filterAttrsRecursive (_: value: !(builtins.isFunction value))
        (removeAttrs platform [ "canExecute" "emulator" "emulatorAvailable" "isCompatible" "staticEmulatorAvailable" "__toString" "debianArchitecture" ]);
    in
    a: b: data a == data b;

  # The name of a platform when the name says everything about it, otherwise the platform.
  toLosslessStringMaybe = platform:
    if isString platform then platform
    else if platform ? system && equals platform (elaborate platform.system) then platform.system
    else platform;

  # A platform from a system's name, or from a set with `system` or `config`; what is given overrides what is found.
  elaborate = given:
    let
      arguments = removeAttrs (systemToAttrs given) [ "__toString" ];

      parsed = arguments.parsed or (parse.mkSystemFromString (arguments.config or arguments.system or (throw "lib.systems.elaborate: give `system' or `config'")));
      inherit (parsed) cpu kernel abi;

      known = mapAttrs (_: test: test parsed) inspect.predicates;

      final = {
        inherit parsed;
        system = parse.doubleFromSystem final.parsed;
        config = parse.tripleFromSystem final.parsed;

        # Running programs of other platforms

        isCompatible = other: throw "lib.systems: isCompatible was replaced by canExecute";
        canExecute = other:
          let
            same = other.parsed.kernel.name == kernel.name && parse.isCompatible cpu other.parsed.cpu;
          in
          final.isAndroid == other.isAndroid && same && (other.gcc.arch or null == null || final.gcc.arch or null == null
            || architectures.canExecute final.gcc.arch other.gcc.arch || !(architectures.hasInferiors final.gcc.arch));
        emulatorAvailable = pkgs: (builtins.tryEval (final.emulator pkgs)).success;
        emulator = pkgs:
          if pkgs.stdenv.hostPlatform.canExecute final then "${lib.attrsets.getBin pkgs.execline or pkgs.coreutils}/bin/exec"
          else if final.isWindows then "${pkgs.wine}/bin/wine"
          else if final.isLinux && pkgs.stdenv.hostPlatform.isLinux then "${pkgs.qemu-user or pkgs.qemu}/bin/qemu-${final.qemuArch}"
          else if final.isWasi then "${pkgs.wasmtime}/bin/wasmtime"
          else if final.isMmix then "${pkgs.mmixware}/bin/mmix"
          else throw "Don't know how to run ${final.config} executables.";

        # Tools and libraries

        linker = if final.useLLVM then "lld" else if final.isDarwin then "cctools" else "bfd";
        libc =
          if final.isDarwin then "libSystem"
          else if final.isMinGW then "msvcrt"
          else if final.isCygwin then "cygwin"
          else if final.isWasi then "wasilibc"
          else if final.isRedox then "relibc"
          else if final.isMusl then "musl"
          else if final.isUClibc then "uclibc"
          else if final.isAndroid then "bionic"
          else if final.isLinux then "glibc"
          else if final.isFreeBSD then "fblibc"
          else if final.isNetBSD then "nblibc"
          else if final.isOpenBSD then "oblibc"
          else if final.isAvr then "avrlibc"
          else if final.isGhcjs then null
          else if final.isNone then "newlib"
          else "native/impure";
        useLLVM = final.isFreeBSD || final.isOpenBSD;
        useArocc = false;
        useZig = false;
        useiOSPrebuilt = false;
        useAndroidPrebuilt = false;
        isStatic = final.isWasi || final.isRedox;
        hasSharedLibraries =
          !final.isStatic
          && (final.isAndroid || final.isGnu || final.isMusl || final.isDarwin || final.isSunOS || final.isOpenBSD || final.isFreeBSD
            || final.isNetBSD || final.isCygwin || final.isMinGW || final.isWindows || final.isWasm);
        extensions =
          optionalAttrs final.hasSharedLibraries
            {
              sharedLibrary = if final.isDarwin then ".dylib" else if final.isWindows || final.isCygwin then ".dll" else ".so";
            }
          // {
            staticLibrary = if final.isWindows && abi.name == "msvc" then ".lib" else ".a";
            library = if final.isStatic then final.extensions.staticLibrary else final.extensions.sharedLibrary or final.extensions.staticLibrary;
            executable = if final.isMinGW || final.isCygwin || final.isWindows then ".exe" else if final.isWasm then ".wasm" else "";
          };

        # Names that others use

        debianArchitecture = debianNames.${cpu.name} or (throw "lib.systems: Debian does not know the processor ${cpu.name}");
        uname = {
          system = {
            linux = "Linux";
            windows = "Windows";
            darwin = "Darwin";
            ios = "Darwin";
            netbsd = "NetBSD";
            freebsd = "FreeBSD";
            openbsd = "OpenBSD";
            wasi = "Wasi";
            redox = "Redox";
            genode = "Genode";
            cygwin = "CYGWIN_NT";
          }.${kernel.name} or null;
          processor =
            if final.isPower64 then "ppc64${lib.strings.optionalString final.isLittleEndian "le"}"
            else if final.isPower then "ppc${lib.strings.optionalString final.isLittleEndian "le"}"
            else if final.isMips64 then "mips64"
            else if final.isDarwin then final.darwinArch
            else cpu.name;
          release = null;
        };
        linuxArch =
          if final.isAarch32 then "arm"
          else if final.isAarch64 then "arm64"
          else if final.isx86_32 then "i386"
          else if final.isx86_64 then "x86_64"
          else if final.isMips32 then "mips"
          else if final.isMips64 then "mips"
          else if final.isPower then "powerpc"
          else if final.isRiscV then "riscv"
          else if final.isS390 then "s390"
          else if final.isLoongArch64 then "loongarch"
          else cpu.name;
        qemuArch =
          if final.isAarch32 then "arm"
          else if final.isAarch64 then "aarch64${lib.strings.optionalString final.isBigEndian "_be"}"
          else if final.isS390 && !final.isS390x then null
          else if final.isx86_32 then "i386"
          else if final.isMips64n32 then "mipsn32${lib.strings.optionalString final.isLittleEndian "el"}"
          else if final.isPower then "ppc${lib.strings.optionalString final.is64bit "64"}${lib.strings.optionalString final.isLittleEndian "le"}"
          else cpu.name;
        efiArch = if final.isx86_32 then "ia32" else if final.isAarch32 then "arm" else efiNames.${cpu.name} or cpu.name;
        ubootArch =
          if final.isx86_32 || final.isx86_64 then "x86"
          else if final.isMips64 then "mips64"
          else final.linuxArch;
        darwinArch = if cpu.name == "aarch64" then "arm64" else cpu.name;
        darwinPlatform = if final.isMacOS then "macos" else if final.isiOS then "ios" else null;
        darwinMinVersion = "14.0";
        darwinSdkVersion = "14.4";
        darwinMinVersionVariable = if final.isMacOS then "MACOSX_DEPLOYMENT_TARGET" else if final.isiOS then "IPHONEOS_DEPLOYMENT_TARGET" else null;

        go = {
          GOARCH = if final.isAarch32 then "arm" else if final.isx86_32 then "386" else goNames.${cpu.name} or cpu.name;
          GOOS = if final.isWasi then "wasip1" else kernel.name;
          GOARM = toString (lib.lists.intersectLists [ (cpu.version or "") ] [ "5" "6" "7" ]);
        };
        node = {
          arch = if final.isAarch then "arm${lib.strings.optionalString final.is64bit "64"}" else if final.isx86_32 then "ia32" else if final.isx86_64 then "x64"
            else if final.isLoongArch64 then "loong64" else cpu.name;
          platform = if final.isWindows || final.isCygwin then "win32" else if final.isSunOS then "sunos" else if final.isDarwin then "darwin" else kernel.name;
        };
        rust = rec {
          platform = {
            arch =
              if final.isAarch64 then "aarch64" else if final.isAarch32 then "arm"
              else if final.isx86_32 then "x86" else if final.isx86_64 then "x86_64"
              else if final.isMips64 then "mips64" else if final.isPower64 then "powerpc64" else cpu.name;
            os = if final.isMacOS then "macos" else kernel.name;
            target-family = if final.isUnix then [ "unix" ] else if final.isWindows then [ "windows" ] else if final.isWasm then [ "wasm" ] else [ ];
            vendor = if final.isWindows then "pc" else parsed.vendor.name;
          };
          rustcTarget = rustcTargetSpec;
          rustcTargetSpec =
            let
              named = {
                armv7a = "armv7";
                armv7l = "armv7";
                armv6l = "arm";
                armv5tel = "armv5te";
                riscv32 = "riscv32gc";
                riscv64 = "riscv64gc";
              };
              kernelPart = if final.isiOS then "ios" else if kernel.name == "wasi" then "wasip1" else kernel.name;
            in
            if final.isWasi then "${cpu.name}-wasip1"
            else "${named.${cpu.name} or cpu.name}-${platform.vendor}-${kernelPart}${lib.strings.optionalString (abi.name != "unknown")
              "-${if final.isPower64 && lib.strings.hasPrefix "gnu" abi.name then "gnu" else abi.name}"}";
          cargoShortTarget = rustcTarget;
          cargoEnvVarTarget = lib.strings.toUpper (builtins.replaceStrings [ "-" ] [ "_" ] cargoShortTarget);
          isNoStdTarget = builtins.any (end: lib.strings.hasSuffix end rustcTarget) [ "-none" "nvptx64-nvidia-cuda" "-none-elf" "-uefi" ];
        };

        __toString = self: self.system;
      }
      // known
      // platforms.select ({ inherit parsed; } // known)
      // arguments
      // optionalAttrs (arguments ? rust) { rust = base.rust // arguments.rust; };

      base.rust = (elaborate (removeAttrs arguments [ "rust" ])).rust;
    in
    assert isAttrs arguments;
    builtins.seq parsed final;
}
