# Platforms by short names, for `lib.systems.elaborate` and cross compilation.
{ lib }:

let
  platforms = import ./platforms.nix { inherit lib; };
  config = text: { config = text; };
in
rec {
  # Linux
  gnu64 = config "x86_64-unknown-linux-gnu";
  gnu64_simplekernel = gnu64 // platforms.pc_simplekernel;
  gnu32 = config "i686-unknown-linux-gnu";
  musl64 = config "x86_64-unknown-linux-musl";
  musl32 = config "i686-unknown-linux-musl";
  aarch64-multiplatform = config "aarch64-unknown-linux-gnu";
  aarch64-multiplatform-musl = config "aarch64-unknown-linux-musl";
  aarch64be-multiplatform = config "aarch64_be-unknown-linux-gnu";
  armv7l-hf-multiplatform = config "armv7l-unknown-linux-gnueabihf";
  armv7a-android-prebuilt = config "armv7a-unknown-linux-androideabi" // { useAndroidPrebuilt = true; androidSdkVersion = "35"; androidNdkVersion = "27"; };
  aarch64-android-prebuilt = config "aarch64-unknown-linux-android" // { useAndroidPrebuilt = true; androidSdkVersion = "35"; androidNdkVersion = "27"; };
  aarch64-android = config "aarch64-unknown-linux-android" // { androidSdkVersion = "35"; androidNdkVersion = "27"; libc = "bionic"; useAndroidPrebuilt = false; useLLVM = true; };
  raspberryPi = config "armv6l-unknown-linux-gnueabihf";
  sheevaplug = config "armv5tel-unknown-linux-gnueabi" // platforms.sheevaplug;
  remarkable1 = config "armv7l-unknown-linux-gnueabihf" // platforms.zero-gravitas;
  remarkable2 = config "armv7l-unknown-linux-gnueabihf" // platforms.zero-sugar;
  ben-nanonote = config "mipsel-unknown-linux-uclibc" // platforms.ben_nanonote;
  fuloongminipc = config "mipsel-unknown-linux-gnu" // platforms.fuloong2f_n32;
  mips-linux-gnu = config "mips-unknown-linux-gnu";
  mipsel-linux-gnu = config "mipsel-unknown-linux-gnu";
  mips64-linux-gnuabi64 = config "mips64-unknown-linux-gnuabi64";
  mips64-linux-gnuabin32 = config "mips64-unknown-linux-gnuabin32";
  mips64el-linux-gnuabi64 = config "mips64el-unknown-linux-gnuabi64";
  mips64el-linux-gnuabin32 = config "mips64el-unknown-linux-gnuabin32";
  muslpi = raspberryPi // config "armv6l-unknown-linux-musleabihf";
  powernv = config "powerpc64le-unknown-linux-gnu";
  musl-power = config "powerpc64le-unknown-linux-musl";
  ppc64 = config "powerpc64-unknown-linux-gnuabielfv2";
  ppc64-elfv1 = config "powerpc64-unknown-linux-gnuabielfv1";
  ppc64-musl = config "powerpc64-unknown-linux-musl" // { gcc.abi = "elfv2"; };
  ppc32 = config "powerpc-unknown-linux-gnu";
  riscv64 = config "riscv64-unknown-linux-gnu";
  riscv32 = config "riscv32-unknown-linux-gnu";
  riscv64-musl = config "riscv64-unknown-linux-musl";
  loongarch64-linux = config "loongarch64-unknown-linux-gnu";
  s390 = config "s390-unknown-linux-gnu";
  s390x = config "s390x-unknown-linux-gnu";
  m68k = config "m68k-unknown-linux-gnu";
  microblaze-embedded = config "microblazeel-none-elf" // { libc = "newlib"; };

  # Bare machines
  arm-embedded = config "arm-none-eabi" // { libc = "newlib"; };
  arm-embedded-nano = config "arm-none-eabi" // { libc = "newlib-nano"; };
  armhf-embedded = config "arm-none-eabihf" // { libc = "newlib"; gcc = { cpu = "cortex-m4"; fpu = "fpv4-sp-d16"; }; };
  aarch64-embedded = config "aarch64-none-elf" // { libc = "newlib"; rust.rustcTarget = "aarch64-unknown-none"; };
  aarch64be-embedded = config "aarch64_be-none-elf" // { libc = "newlib"; };
  i686-embedded = config "i686-elf" // { libc = "newlib"; };
  x86_64-embedded = config "x86_64-elf" // { libc = "newlib"; };
  ppc-embedded = config "powerpc-none-eabi" // { libc = "newlib"; };
  ppcle-embedded = config "powerpcle-none-eabi" // { libc = "newlib"; };
  riscv64-embedded = config "riscv64-none-elf" // { libc = "newlib"; };
  riscv32-embedded = config "riscv32-none-elf" // { libc = "newlib"; };
  mips-embedded = config "mips-none-elf" // { libc = "newlib"; };
  mips64-embedded = config "mips64-none-elf" // { libc = "newlib"; };
  rx-embedded = config "rx-none-elf" // { libc = "newlib"; };
  msp430 = config "msp430-elf" // { libc = "newlib"; };
  avr = config "avr";
  vc4 = config "vc4-elf" // { libc = "newlib"; };
  or1k = config "or1k-elf" // { libc = "newlib"; };
  mmix = config "mmix-unknown-mmixware" // { libc = "newlib"; };

  # Other kernels
  x86_64-darwin = config "x86_64-apple-darwin";
  aarch64-darwin = config "arm64-apple-darwin";
  iphone64 = config "aarch64-apple-ios" // { darwinPlatform = "ios"; };
  iphone64-simulator = config "x86_64-apple-ios" // { darwinPlatform = "ios-simulator"; };
  mingw32 = config "i686-w64-mingw32" // { libc = "msvcrt"; };
  mingwW64 = config "x86_64-w64-mingw32" // { libc = "msvcrt"; };
  ucrt64 = config "x86_64-w64-mingw32" // { libc = "ucrt"; };
  ucrtAarch64 = config "aarch64-w64-mingw32" // { libc = "ucrt"; useLLVM = true; };
  cygwin32 = config "i686-pc-cygwin";
  cygwin64 = config "x86_64-pc-cygwin";
  x86_64-cygwin = cygwin64;
  x86_64-freebsd = config "x86_64-unknown-freebsd";
  aarch64-freebsd = config "aarch64-unknown-freebsd";
  x86_64-netbsd = config "x86_64-unknown-netbsd";
  x86_64-netbsd-llvm = config "x86_64-unknown-netbsd" // { useLLVM = true; };
  x86_64-openbsd = config "x86_64-unknown-openbsd" // { useLLVM = true; };
  wasi32 = config "wasm32-unknown-wasi" // { useLLVM = true; };
  wasm32-unknown-none = config "wasm32-unknown-none" // { useLLVM = true; };
  ghcjs = config "javascript-unknown-ghcjs" // { };
}
