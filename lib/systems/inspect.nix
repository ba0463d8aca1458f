# Questions about platforms: patterns of the parts of a system, and the predicates made of them.
{ lib }:

let
  parse = import ./parse.nix { inherit lib; };
  inherit (parse) abis cpuTypes execFormats kernelFamilies kernels significantBytes vendors;
  inherit (builtins) all any attrValues concatMap isAttrs isList map mapAttrs;
  inherit (lib.attrsets) filterAttrs matchAttrs recursiveUpdate;

  abisWith = names: map (name: { abi = abis.${name}; }) names;
  cpusOf = test: attrValues (filterAttrs (_: test) cpuTypes);
in
rec {
  # Each a set that a system must have, or a list of sets of which it must have one.
  patterns = rec {
    isi686 = { cpu = cpuTypes.i686; };
    isx86_32 = { cpu = { family = "x86"; bits = 32; }; };
    isx86_64 = { cpu = { family = "x86"; bits = 64; }; };
    isPower = { cpu = { family = "power"; }; };
    isPower64 = { cpu = { family = "power"; bits = 64; }; };
    isAbiElfv2 = [ { abi = { abi = "elfv2"; }; } { abi = { name = "musl"; }; cpu = { family = "power"; bits = 64; }; } ];
    isx86 = { cpu = { family = "x86"; }; };
    isAarch32 = { cpu = { family = "arm"; bits = 32; }; };
    isArmv7 = map (arch: { cpu = { inherit arch; }; })
      (map (cpu: cpu.arch) (cpusOf (cpu: lib.strings.hasPrefix "armv7" (cpu.arch or ""))));
    isAarch64 = { cpu = { family = "arm"; bits = 64; }; };
    isAarch = { cpu = { family = "arm"; }; };
    isMicroBlaze = { cpu = { family = "microblaze"; }; };
    isMips = { cpu = { family = "mips"; }; };
    isMips32 = { cpu = { family = "mips"; bits = 32; }; };
    isMips64 = { cpu = { family = "mips"; bits = 64; }; };
    isMips64n32 = { cpu = { family = "mips"; bits = 64; }; abi = { abi = "n32"; }; };
    isMips64n64 = { cpu = { family = "mips"; bits = 64; }; abi = { abi = "64"; }; };
    isMmix = { cpu = { family = "mmix"; }; };
    isRiscV = { cpu = { family = "riscv"; }; };
    isRiscV32 = { cpu = { family = "riscv"; bits = 32; }; };
    isRiscV64 = { cpu = { family = "riscv"; bits = 64; }; };
    isRx = { cpu = { family = "rx"; }; };
    isSparc = { cpu = { family = "sparc"; }; };
    isSparc64 = { cpu = { family = "sparc"; bits = 64; }; };
    isWasm = { cpu = { family = "wasm"; }; };
    isMsp430 = { cpu = { family = "msp430"; }; };
    isVc4 = { cpu = { family = "vc4"; }; };
    isAvr = { cpu = { family = "avr"; }; };
    isAlpha = { cpu = { family = "alpha"; }; };
    isOr1k = { cpu = { family = "or1k"; }; };
    isM68k = { cpu = { family = "m68k"; }; };
    isS390 = { cpu = { family = "s390"; }; };
    isS390x = { cpu = { family = "s390"; bits = 64; }; };
    isLoongArch64 = { cpu = { family = "loongarch"; bits = 64; }; };
    isJavaScript = { cpu = cpuTypes.javascript; };

    is8bit = { cpu = { bits = 8; }; };
    is16bit = { cpu = { bits = 16; }; };
    is32bit = { cpu = { bits = 32; }; };
    is64bit = { cpu = { bits = 64; }; };
    isILP32 = [ { cpu = { family = "wasm"; bits = 32; }; } ]
      ++ map (abi: { cpu = { bits = 64; }; abi = { inherit abi; }; }) [ "n32" "ilp32" "x32" ];
    isBigEndian = { cpu = { significantByte = significantBytes.bigEndian; }; };
    isLittleEndian = { cpu = { significantByte = significantBytes.littleEndian; }; };

    isBSD = { kernel = { families = { inherit (kernelFamilies) bsd; }; }; };
    isDarwin = { kernel = { families = { inherit (kernelFamilies) darwin; }; }; };
    isUnix = [ isBSD isDarwin isLinux isSunOS isCygwin isRedox ];

    isMacOS = { kernel = { name = "darwin"; }; };
    isiOS = { kernel = kernels.ios; };
    isLinux = { kernel = kernels.linux; };
    isSunOS = { kernel = kernels.solaris; };
    isFreeBSD = { kernel = { name = "freebsd"; }; };
    isNetBSD = { kernel = { name = "netbsd"; }; };
    isOpenBSD = { kernel = { name = "openbsd"; }; };
    isWindows = { kernel = kernels.windows; };
    isCygwin = { kernel = kernels.cygwin; };
    isMinGW = { kernel = kernels.windows; abi = abis.gnu; };
    isWasi = { kernel = kernels.wasi; };
    isRedox = { kernel = kernels.redox; };
    isGhcjs = { kernel = kernels.ghcjs; };
    isGenode = { kernel = kernels.genode; };
    isUefi = { kernel = kernels.uefi; };
    isNone = { kernel = kernels.none; };

    isAndroid = [ { abi = abis.android; } { abi = abis.androideabi; } ];
    isGnu = abisWith [ "gnuabi64" "gnuabin32" "gnu" "gnueabi" "gnueabihf" "gnuabielfv1" "gnuabielfv2" "gnusf" "gnuf32" "gnuf64" "gnux32" ];
    isMusl = abisWith [ "musl" "musleabi" "musleabihf" "muslabin32" "muslabi64" ];
    isUClibc = abisWith [ "uclibc" "uclibceabi" "uclibceabihf" ];
    isLLVMLibc = abisWith [ "llvm" ];

    isEfi = [ { cpu = { family = "arm"; version = "6"; }; } { cpu = { family = "arm"; version = "7"; }; } { cpu = { family = "arm"; version = "8"; }; } { cpu = { family = "riscv"; }; } { cpu = { family = "x86"; }; } { cpu = { family = "loongarch"; }; } ];
    isElf = { kernel = { execFormat = execFormats.elf; }; };
    isMacho = { kernel = { execFormat = execFormats.macho; }; };
  };

  # One pattern (or list of them) that demands both.
  patternLogicalAnd = left: right:
    let
      all' = value: if isList value then value else [ value ];
    in
    concatMap
      (a: map
        (b: lib.attrsets.recursiveUpdateUntil
          (path: x: y:
            let
              isBoth = isAttrs x && isAttrs y;
            in
            if !isBoth && x != y then throw "patternLogicalAnd: incompatible values at path ${lib.attrsets.showAttrPath path}" else !isBoth)
          a
          b)
        (all' right))
      (all' left);

  # Whether a system has one of the patterns.
  matchAnyAttrs = wanted: if isList wanted then system: any (one: matchAttrs one system) (lib.lists.flatten wanted) else matchAttrs wanted;

  # The patterns as functions of a parsed system.
  predicates = mapAttrs (_: matchAnyAttrs) patterns;

  # Patterns of elaborated platforms instead of their names.
  platformPatterns = mapAttrs (_: pattern: { parsed = { }; } // pattern) {
    isStatic = { parsed = { }; isStatic = true; };
  };
}
