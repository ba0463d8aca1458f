# Platforms: what `pkgs.stdenv.hostPlatform` knows of a system such as `x86_64-linux`.
{ lib, ... }:

let
  cpus = {
    x86_64 = { bits = 64; family = "x86"; debian = "amd64"; linux = "x86_64"; uname = "x86_64"; };
    i686 = { bits = 32; family = "x86"; debian = "i386"; linux = "i386"; uname = "i686"; };
    aarch64 = { bits = 64; family = "arm"; debian = "arm64"; linux = "arm64"; uname = "aarch64"; };
    armv7l = { bits = 32; family = "arm"; debian = "armhf"; linux = "arm"; uname = "armv7l"; };
    riscv64 = { bits = 64; family = "riscv"; debian = "riscv64"; linux = "riscv"; uname = "riscv64"; };
    powerpc64le = { bits = 64; family = "power"; debian = "ppc64el"; linux = "powerpc"; uname = "ppc64le"; };
    s390x = { bits = 64; family = "s390"; debian = "s390x"; linux = "s390"; uname = "s390x"; };
  };

  predicates = platform: {
    isLinux = platform.kernel == "linux";
    isDarwin = platform.kernel == "darwin";
    isBSD = false;
    isFreeBSD = false;
    isWindows = false;
    isCygwin = false;
    isWasi = false;
    isNone = false;
    isUnix = true;
    isGnu = true;
    isMusl = false;
    isAndroid = false;
    isStatic = false;
    isx86 = platform.cpu.family == "x86";
    isx86_64 = platform.cpuName == "x86_64";
    isx86_32 = platform.cpu.family == "x86" && platform.cpu.bits == 32;
    isi686 = platform.cpuName == "i686";
    isAarch = platform.cpu.family == "arm";
    isAarch32 = platform.cpu.family == "arm" && platform.cpu.bits == 32;
    isAarch64 = platform.cpuName == "aarch64";
    isArmv7 = platform.cpuName == "armv7l";
    isRiscV = platform.cpu.family == "riscv";
    isRiscV64 = platform.cpuName == "riscv64";
    isPower = platform.cpu.family == "power";
    isPower64 = platform.cpuName == "powerpc64le";
    isS390x = platform.cpuName == "s390x";
    isMips = false;
    isSparc = false;
    isLoongArch64 = false;
    is64bit = platform.cpu.bits == 64;
    is32bit = platform.cpu.bits == 32;
    isLittleEndian = platform.cpu.family != "s390";
    isBigEndian = platform.cpu.family == "s390";
  };
in
rec {
  # A platform from a system string, or from a set with `system`.
  elaborate = given:
    let
      arguments = if builtins.isString given then { system = given; } else given;
      system = arguments.system or arguments.config or (throw "lib.systems.elaborate: no system given");
      parts = lib.strings.splitString "-" system;
      cpuName = builtins.head parts;
      kernel = lib.lists.last parts;
      cpu = cpus.${cpuName} or (throw "lib.systems.elaborate: unknown processor `${cpuName}'");
      known = predicates { inherit cpu cpuName kernel; };
      result = {
        inherit system;
        config = "${cpuName}-unknown-${kernel}-gnu";
        parsed = {
          _type = "system";
          cpu = { name = cpuName; inherit (cpu) bits family; };
          kernel.name = kernel;
          vendor.name = "unknown";
          abi.name = "gnu";
        };
        libc = "glibc";
        linuxArch = cpu.linux;
        debianArchitecture = cpu.debian;
        qemuArch = if cpuName == "i686" then "i386" else cpuName;
        uname = { system = "Linux"; processor = cpu.uname; release = null; };
        extensions = { sharedLibrary = ".so"; staticLibrary = ".a"; library = ".so"; executable = ""; };
        hasSharedLibraries = true;
        efiArch = { x86_64 = "x64"; i686 = "ia32"; aarch64 = "aa64"; riscv64 = "riscv64"; }.${cpuName} or cpuName;
        isCompatible = other: other.system == system;
        canExecute = other: other.system == system || (system == "x86_64-linux" && other.system == "i686-linux");
        emulator = _: throw "no emulator is known for ${system}";
        __toString = self: self.system;
      }
      // known
      // builtins.removeAttrs arguments [ "config" ];
    in
    assert kernel == "linux" || kernel == "darwin" || throw "lib.systems.elaborate: unknown kernel `${kernel}'";
    result;

  equals = a: b: a.system == b.system;
  toLosslessStringMaybe = platform: platform.system;

  # Predicates on an elaborated platform.
  inspect.predicates = builtins.mapAttrs (name: _: platform: (elaborate platform.system).${name})
    (predicates { cpu = cpus.x86_64; cpuName = "x86_64"; kernel = "linux"; });

  doubles = rec {
    all = map (cpu: "${cpu}-linux") (builtins.attrNames cpus);
    linux = all;
    unix = all;
    gnu = all;
    x86_64 = [ "x86_64-linux" ];
    i686 = [ "i686-linux" ];
    x86 = x86_64 ++ i686;
    aarch64 = [ "aarch64-linux" ];
    arm = [ "armv7l-linux" ];
    riscv64 = [ "riscv64-linux" ];
    darwin = [ ];
    freebsd = [ ];
    netbsd = [ ];
    openbsd = [ ];
    windows = [ ];
    none = [ ];
  };

  flakeExposed = [ "x86_64-linux" "aarch64-linux" "i686-linux" "armv7l-linux" "riscv64-linux" "powerpc64le-linux" ];

  # Systems by what the reference of an example platform calls them.
  examples = builtins.mapAttrs (_: system: { inherit system; }) {
    gnu64 = "x86_64-linux";
    gnu32 = "i686-linux";
    aarch64-multiplatform = "aarch64-linux";
    riscv64 = "riscv64-linux";
  };
}
