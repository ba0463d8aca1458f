# The parts that the name of a system is made of, and the ways between names and parts:
# `x86_64-linux`, `x86_64-unknown-linux-gnu`, `{ cpu; vendor; kernel; abi; }`.
{ lib }:

let
  inherit (builtins) elemAt head isString length mapAttrs match;
  inherit (lib.attrsets) optionalAttrs;
  inherit (lib.strings) hasPrefix optionalString splitString;
  inherit (lib.trivial) throwIfNot;

  # Members of a table with their names and kind.
  named = kind: mapAttrs (name: value: { _type = kind; inherit name; } // value);
  isKind = kind: value: value._type or null == kind;
  openType = kind: description: lib.types.mkOptionType {
    name = kind;
    inherit description;
    check = isKind kind;
    merge = lib.options.mergeOneOption;
  };

  little = bits: family: { inherit bits family; significantByte = significantBytes.littleEndian; };
  big = bits: family: { inherit bits family; significantByte = significantBytes.bigEndian; };
  versioned = version: arch: { inherit version arch; };

  significantBytes = named "significant-byte" { bigEndian = { }; littleEndian = { }; };

  # A processor by the names that other tools give it.
  cpuAliases = { amd64 = "x86_64"; i86pc = "x86_64"; arm64 = "aarch64"; x86 = "i686"; ppc = "powerpc"; ppc64 = "powerpc64"; ppc64le = "powerpc64le"; };
in
rec {
  inherit significantBytes;

  types = rec {
    openSignificantByte = openType "significant-byte" "Endianness";
    significantByte = lib.types.enum (builtins.attrValues significantBytes);
    bitWidth = lib.types.enum [ 8 16 32 64 128 ];
    openCpuType = openType "cpu-type" "instruction set architecture name and information";
    cpuType = lib.types.enum (builtins.attrValues cpuTypes);
    openVendor = openType "vendor" "vendor for the platform";
    vendor = lib.types.enum (builtins.attrValues vendors);
    openExecFormat = openType "exec-format" "executable container used by the kernel";
    execFormat = lib.types.enum (builtins.attrValues execFormats);
    openKernelFamily = openType "exec-format" "general OS kernel family";
    kernelFamily = lib.types.enum (builtins.attrValues kernelFamilies);
    openKernel = openType "kernel" "kernel name and information";
    kernel = lib.types.enum (builtins.attrValues kernels);
    openAbi = openType "abi" "binary interface for compiled code and syscalls";
    abi = lib.types.enum (builtins.attrValues abis);
    parsedPlatform = lib.types.mkOptionType {
      name = "system";
      description = "fully parsed representation of llvm- or nix-style platform tuple";
      merge = lib.options.mergeOneOption;
      check = isSystem;
    };
  };

  bitWidths = [ 8 16 32 64 128 ];

  # Processors: width, byte order, family, and the version and name of the architecture where that matters.
  cpuTypes = named "cpu-type" {
    arm = little 32 "arm";
    armv5tel = little 32 "arm" // versioned "5" "armv5t";
    armv6m = little 32 "arm" // versioned "6" "armv6-m";
    armv6l = little 32 "arm" // versioned "6" "armv6";
    armv7a = little 32 "arm" // versioned "7" "armv7-a";
    armv7r = little 32 "arm" // versioned "7" "armv7-r";
    armv7m = little 32 "arm" // versioned "7" "armv7-m";
    armv7l = little 32 "arm" // versioned "7" "armv7";
    armv8a = little 32 "arm" // versioned "8" "armv8-a";
    armv8r = little 32 "arm" // versioned "8" "armv8-a";
    armv8m = little 32 "arm" // versioned "8" "armv8-m";
    aarch64 = little 64 "arm" // versioned "8" "armv8-a";
    aarch64_be = big 64 "arm" // versioned "8" "armv8-a";

    i386 = little 32 "x86" // { arch = "i386"; };
    i486 = little 32 "x86" // { arch = "i486"; };
    i586 = little 32 "x86" // { arch = "i586"; };
    i686 = little 32 "x86" // { arch = "i686"; };
    x86_64 = little 64 "x86" // { arch = "x86-64"; };

    microblaze = big 32 "microblaze";
    microblazeel = little 32 "microblaze";

    mips = big 32 "mips";
    mipsel = little 32 "mips";
    mips64 = big 64 "mips";
    mips64el = little 64 "mips";
    mipsisa32r6 = big 32 "mips";
    mipsisa32r6el = little 32 "mips";
    mipsisa64r6 = big 64 "mips";
    mipsisa64r6el = little 64 "mips";

    mmix = big 64 "mmix";

    m68k = big 32 "m68k";

    powerpc = big 32 "power";
    powerpc64 = big 64 "power";
    powerpc64le = little 64 "power";
    powerpcle = little 32 "power";

    riscv32 = little 32 "riscv";
    riscv64 = little 64 "riscv";

    s390 = big 32 "s390";
    s390x = big 64 "s390";

    sparc = big 32 "sparc";
    sparc64 = big 64 "sparc";

    wasm32 = little 32 "wasm";
    wasm64 = little 64 "wasm";

    alpha = little 64 "alpha";

    rx = little 32 "rx";
    msp430 = little 16 "msp430";
    avr = { bits = 8; family = "avr"; };
    vc4 = little 32 "vc4";
    or1k = big 32 "or1k";
    loongarch64 = little 64 "loongarch";
    javascript = little 32 "javascript";
  };

  vendors = named "vendor" {
    apple = { };
    pc = { };
    knuth = { };
    scei = { };
    sony = { };
    w64 = { };
    none = { };
    unknown = { };
  };

  execFormats = named "exec-format" { aout = { }; elf = { }; macho = { }; pe = { }; wasm = { }; unknown = { }; };
  kernelFamilies = named "exec-format" { bsd = { }; darwin = { }; };

  # Kernels by their names and by the names that others use.
  kernels =
    let
      known = named "kernel" {
        darwin = { execFormat = execFormats.macho; families = { inherit (kernelFamilies) darwin; }; };
        ios = { execFormat = execFormats.macho; families = { inherit (kernelFamilies) darwin; }; };
        freebsd = { execFormat = execFormats.elf; families = { inherit (kernelFamilies) bsd; }; };
        linux = { execFormat = execFormats.elf; families = { }; };
        netbsd = { execFormat = execFormats.elf; families = { inherit (kernelFamilies) bsd; }; };
        openbsd = { execFormat = execFormats.elf; families = { inherit (kernelFamilies) bsd; }; };
        none = { execFormat = execFormats.unknown; families = { }; };
        solaris = { execFormat = execFormats.elf; families = { }; };
        wasi = { execFormat = execFormats.wasm; families = { }; };
        redox = { execFormat = execFormats.elf; families = { }; };
        windows = { execFormat = execFormats.pe; families = { }; };
        ghcjs = { execFormat = execFormats.unknown; families = { }; };
        genode = { execFormat = execFormats.elf; families = { }; };
        mmixware = { execFormat = execFormats.unknown; families = { }; };
        uefi = { execFormat = execFormats.pe; families = { }; };
        cygwin = { execFormat = execFormats.pe; families = { }; };
      };
    in
    known // {
      macos = known.darwin;
      watchos = known.ios;
      tvos = known.ios;
      win32 = known.windows;
    };

  abis = named "abi" {
    cygnus = { };
    msvc = { };
    eabi = { float = "soft"; };
    eabihf = { float = "hard"; };
    elf = { };
    androideabi = { };
    android = { };
    gnueabi = { float = "soft"; };
    gnueabihf = { float = "hard"; };
    gnu = { };
    gnuabi64 = { abi = "64"; };
    gnuabin32 = { abi = "n32"; };
    gnuabielfv1 = { abi = "elfv1"; };
    gnuabielfv2 = { abi = "elfv2"; };
    gnusf = { float = "soft"; };
    gnuf32 = { float = "single"; };
    gnuf64 = { float = "double"; };
    gnux32 = { };
    muslabi64 = { abi = "64"; };
    muslabin32 = { abi = "n32"; };
    musleabi = { float = "soft"; };
    musleabihf = { float = "hard"; };
    musl = { };
    uclibceabi = { float = "soft"; };
    uclibceabihf = { float = "hard"; };
    uclibc = { };
    llvm = { };
    unknown = { };
  };

  # From parts to a system and back

  mkSystem = parts:
    let
      system = { _type = "system"; } // parts;
    in
    if isSystem system then system else throw "lib.systems.parse.mkSystem: expected { cpu, vendor, kernel, abi } of the tables";
  isSystem = value: isKind "system" value
    && isKind "cpu-type" (value.cpu or null) && isKind "vendor" (value.vendor or null)
    && isKind "kernel" (value.kernel or null) && isKind "abi" (value.abi or null);

  # Which of `cpu`, `vendor`, `kernel`, `abi` the parts of a name are.
  mkSkeletonFromList = parts:
    let
      count = length parts;
      at = elemAt parts;
      cpu = at 0;
      isKernelName = name: kernels ? ${name} || match "(freebsd|netbsd|openbsd|darwin|ios|macos)[0-9.]*" name != null;
    in
    if count == 1 then
      if cpu == "avr" then { inherit cpu; kernel = "none"; abi = "unknown"; }
      else throw "system string '${cpu}' with 1 component is ambiguous"
    else if count == 2 then
      if at 1 == "cygwin" then { inherit cpu; kernel = "cygwin"; }
      else if at 1 == "windows" then { inherit cpu; kernel = "windows"; abi = "msvc"; }
      else if at 1 == "mingw32" then { inherit cpu; kernel = "windows"; abi = "gnu"; }
      else if at 1 == "elf" then { inherit cpu; vendor = "unknown"; kernel = "none"; abi = at 1; }
      else { inherit cpu; kernel = at 1; }
    else if count == 3 then
      if at 1 == "linux" || at 2 == "gnu" && isKernelName (at 1) then { inherit cpu; kernel = at 1; abi = at 2; vendor = "unknown"; }
      else if at 2 == "mingw32" then { inherit cpu; vendor = at 1; kernel = "windows"; abi = "gnu"; }
      else if at 2 == "cygwin" then { inherit cpu; vendor = at 1; kernel = "cygwin"; }
      else if builtins.elem (at 2) [ "eabi" "eabihf" "elf" ] && isKernelName (at 1) then { inherit cpu; kernel = at 1; abi = at 2; vendor = "unknown"; }
      else if builtins.elem (at 2) [ "eabi" "eabihf" "elf" ] then { inherit cpu; vendor = if at 1 == "none" then "none" else at 1; kernel = "none"; abi = at 2; }
      else if hasPrefix "netbsd" (at 2) then { inherit cpu; vendor = at 1; kernel = at 2; }
      else { inherit cpu; vendor = at 1; kernel = at 2; }
    else if count == 4 then { inherit cpu; vendor = at 1; kernel = at 2; abi = at 3; }
    else throw "system string '${builtins.concatStringsSep "-" parts}' has invalid number of hyphen-separated components";

  # A system from named parts; what is left out has its usual value.
  mkSystemFromSkeleton = { cpu, vendor ? null, kernel, abi ? null }:
    let
      cpuName = cpuAliases.${cpu} or cpu;
      # Darwin's and NetBSD's names may carry a version or a format that means nothing here; others keep their version.
      bareName = lib.lists.findFirst (name: hasPrefix name kernel) kernel [ "darwin" "netbsd" ];
      numbered = match "([a-z]+)([0-9][0-9.]*)" bareName;
      isVersioned = !(kernels ? ${bareName}) && numbered != null;
      kernelName = if isVersioned then head numbered else bareName;
      foundCpu = cpuTypes.${cpuName} or (throw "Unknown CPU type: ${cpu}");
      foundKernel = (kernels.${kernelName} or (throw "Unknown kernel: ${kernel}"))
        // optionalAttrs isVersioned { version = elemAt numbered 1; };
      isDarwin = foundKernel.families ? darwin;
      isPe = kernelName == "windows" || kernelName == "cygwin" || kernelName == "win32";
      isLinux = foundKernel.name == "linux";
      defaultVendor = if isDarwin then "apple" else if isPe then "pc" else "unknown";
      wantedAbi = if abi != null then lib.strings.removeSuffix "." abi else null;
      defaultAbi =
        if kernelName == "cygwin" then "cygnus"
        else if isLinux || isPe then
          if foundCpu.family == "arm" && foundCpu.bits == 32 then
            (if lib.strings.versionAtLeast (foundCpu.version or "0") "6" then "gnueabihf" else "gnueabi")
          else if foundCpu.name == "powerpc64" then "gnuabielfv2"
          else "gnu"
        else "unknown";
      foundAbi =
        if wantedAbi == null then abis.${defaultAbi}
        else if wantedAbi == "gnu" && foundCpu.name == "powerpc64" then abis.gnuabielfv2
        else abis.${wantedAbi} or (throw "Unknown ABI: ${abi}");
    in
    mkSystem {
      cpu = foundCpu;
      vendor = vendors.${if vendor == null then defaultVendor else vendor} or (throw "Unknown vendor: ${vendor}");
      kernel = foundKernel;
      abi = foundAbi;
    };

  # The system that a text such as `x86_64-linux` names.
  mkSystemFromString = text:
    throwIfNot (isString text) "mkSystemFromString: expected a string" (mkSystemFromSkeleton (mkSkeletonFromList (splitString "-" text)));

  kernelName = kernel: kernel.name + toString (kernel.version or "");

  # `x86_64-linux`
  doubleFromSystem = { cpu, kernel, abi, ... }:
    if kernel.name == "cygwin" || abi.name == "cygnus" then "${cpu.name}-cygwin"
    else if kernel.families ? darwin then "${cpu.name}-darwin"
    else "${cpu.name}-${kernelName kernel}";

  # `x86_64-unknown-linux-gnu`
  tripleFromSystem = { cpu, vendor, kernel, abi, ... }:
    let
      format = optionalString (kernel.name == "netbsd" && gnuNetBSDDefaultExecFormat cpu != kernel.execFormat) kernel.execFormat.name;
      hasAbi = abi.name != "unknown" && abi.name != "cygnus";
      # The name that Apple's tools use.
      cpuName = if kernel.families ? darwin && cpu.name == "aarch64" then "arm64" else cpu.name;
    in
    "${cpuName}-${vendor.name}-${kernelName kernel}${format}${optionalString hasAbi "-${abi.name}"}";

  # What NetBSD's tools expect of a processor when the name does not say it.
  gnuNetBSDDefaultExecFormat = cpu:
    if (cpu.family == "arm" && cpu.bits == 32) || (cpu.family == "sparc" && cpu.bits == 32)
      || (cpu.family == "m68k" && cpu.bits == 32) || (cpu.family == "x86" && cpu.bits == 32)
    then execFormats.aout
    else execFormats.elf;

  # Whether programs of the second processor run on the first one without help.
  isCompatible =
    let
      # What runs the programs of a processor besides itself, one step up.
      above = {
        i386 = [ "i486" ];
        i486 = [ "i586" ];
        i586 = [ "i686" ];
        i686 = [ "x86_64" ];
        arm = [ "armv5tel" ];
        armv5tel = [ "armv6l" ];
        armv6l = [ "armv6m" ];
        armv6m = [ "armv7l" ];
        armv7l = [ "armv7a" "armv7r" "armv7m" ];
        armv8a = [ "aarch64" ];
        armv8r = [ "armv8a" ];
        armv8m = [ "armv8a" ];
        powerpc = [ "powerpc64" ];
        powerpcle = [ "powerpc64le" ];
        mips = [ "mips64" ];
        mipsel = [ "mips64el" ];
        riscv32 = [ "riscv64" ];
        sparc = [ "sparc64" ];
        wasm32 = [ "wasm64" ];
      };
      runs = machine: wanted: machine == wanted || builtins.any (runs machine) (above.${wanted} or [ ]);
    in
    machine: wanted:
    runs machine.name wanted.name || (machine.name == "armv8a" && wanted.name == "aarch64");
}
