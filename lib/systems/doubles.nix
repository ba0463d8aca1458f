# The names of systems, and lists of them by what they have in common.
{ lib }:

let
  parse = import ./parse.nix { inherit lib; };
  inherit (import ./inspect.nix { inherit lib; }) predicates;

  on = kernel: map (cpu: "${cpu}-${kernel}");

  all =
    on "cygwin" [ "i686" "x86_64" ]
    ++ on "darwin" [ "x86_64" "aarch64" ]
    ++ on "freebsd" [ "i686" "x86_64" "aarch64" ]
    ++ on "genode" [ "aarch64" "i686" "x86_64" ]
    ++ on "solaris" [ "x86_64" ]
    ++ on "ghcjs" [ "javascript" ]
    ++ on "linux" [
      "aarch64" "armv5tel" "armv6l" "armv7a" "armv7l" "i686" "loongarch64" "m68k" "microblaze" "microblazeel" "mips" "mips64"
      "mips64el" "mipsel" "powerpc" "powerpc64" "powerpc64le" "riscv32" "riscv64" "s390" "s390x" "x86_64"
    ]
    ++ on "mmixware" [ "mmix" ]
    ++ on "netbsd" [ "aarch64" "armv6l" "armv7a" "armv7l" "i686" "m68k" "mipsel" "powerpc" "riscv32" "riscv64" "x86_64" ]
    ++ on "none" [
      "aarch64_be" "aarch64" "arm" "armv6l" "avr" "i686" "microblaze" "microblazeel" "mips" "mips64" "msp430" "or1k" "m68k" "powerpc"
      "powerpcle" "riscv32" "riscv64" "rx" "s390" "s390x" "vc4" "x86_64"
    ]
    ++ on "openbsd" [ "i686" "x86_64" ]
    ++ on "redox" [ "x86_64" ]
    ++ on "wasi" [ "wasm64" "wasm32" ]
    ++ on "windows" [ "aarch64" "x86_64" "i686" ];

  where = predicate: builtins.filter (double: predicate (parse.mkSystemFromString double)) all;
in
rec {
  inherit all;
  none = [ ];

  arm = where predicates.isAarch32;
  armv7 = where predicates.isArmv7;
  aarch = where predicates.isAarch;
  aarch64 = where predicates.isAarch64;
  x86 = where predicates.isx86;
  i686 = where predicates.isi686;
  x86_64 = where predicates.isx86_64;
  microblaze = where predicates.isMicroBlaze;
  mips = where predicates.isMips;
  mmix = where predicates.isMmix;
  power = where predicates.isPower;
  riscv = where predicates.isRiscV;
  riscv32 = where predicates.isRiscV32;
  riscv64 = where predicates.isRiscV64;
  rx = where predicates.isRx;
  vc4 = where predicates.isVc4;
  or1k = where predicates.isOr1k;
  m68k = where predicates.isM68k;
  s390 = where predicates.isS390;
  s390x = where predicates.isS390x;
  loongarch64 = where predicates.isLoongArch64;
  js = where predicates.isJavaScript;

  bigEndian = where predicates.isBigEndian;
  littleEndian = where predicates.isLittleEndian;

  cygwin = where predicates.isCygwin;
  darwin = where predicates.isDarwin;
  freebsd = where predicates.isFreeBSD;
  # Linux with GNU's C library.
  gnu = builtins.concatMap
    (abi: where (lib.attrsets.matchAttrs { kernel = parse.kernels.linux; abi = parse.abis.${abi}; }))
    [ "gnu" "gnueabi" "gnueabihf" "gnuabin32" "gnuabi64" "gnuabielfv1" "gnuabielfv2" ];
  illumos = where predicates.isSunOS;
  linux = where predicates.isLinux;
  netbsd = where predicates.isNetBSD;
  openbsd = where predicates.isOpenBSD;
  unix = where predicates.isUnix;
  wasi = where predicates.isWasi;
  redox = where predicates.isRedox;
  windows = where predicates.isWindows;
  genode = where predicates.isGenode;
  embedded = builtins.filter (lib.strings.hasSuffix "-none") all;
}
