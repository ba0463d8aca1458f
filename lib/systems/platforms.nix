# How a kernel and compiler are set up for well-known machines; `select` finds the set-up of a platform.
{ lib }:

rec {
  pc = {
    linux-kernel = { name = "pc"; baseConfig = "defconfig"; autoModules = true; target = "bzImage"; };
  };
  pc_simplekernel = lib.attrsets.recursiveUpdate pc { linux-kernel.autoModules = false; };
  powernv = {
    linux-kernel = { name = "PowerNV"; baseConfig = "powernv_defconfig"; target = "vmlinux"; autoModules = true; };
  };

  # Arm
  pogoplug4 = {
    linux-kernel = { name = "pogoplug4"; baseConfig = "multi_v5_defconfig"; autoModules = false; target = "uImage"; };
    gcc.arch = "armv5te";
  };
  sheevaplug = {
    linux-kernel = { name = "sheevaplug"; baseConfig = "multi_v5_defconfig"; autoModules = false; target = "uImage"; DTB = true; };
    gcc.arch = "armv5te";
  };
  raspberrypi = {
    linux-kernel = { name = "raspberrypi"; baseConfig = "bcm2835_defconfig"; DTB = true; autoModules = true; preferBuiltin = true; target = "zImage"; };
    gcc = { arch = "armv6kz"; fpu = "vfpv2"; };
  };
  raspberrypi2 = armv7l-hf-multiplatform;
  zero-gravitas = {
    linux-kernel = { name = "zero-gravitas"; baseConfig = "zero-gravitas_defconfig"; target = "zImage"; autoModules = false; DTB = true; };
    gcc = { fpu = "neon"; cpu = "cortex-a9"; };
  };
  zero-sugar = {
    linux-kernel = { name = "zero-sugar"; baseConfig = "zero-sugar_defconfig"; DTB = true; autoModules = false; preferBuiltin = true; target = "zImage"; };
    gcc = { cpu = "cortex-a7"; fpu = "neon-vfpv4"; float-abi = "hard"; };
  };
  utilite = {
    linux-kernel = { name = "utilite"; baseConfig = "multi_v7_defconfig"; autoModules = false; target = "uImage"; DTB = true; };
    gcc = { cpu = "cortex-a9"; fpu = "neon"; };
  };
  beaglebone = lib.attrsets.recursiveUpdate armv7l-hf-multiplatform {
    linux-kernel = { name = "beaglebone"; baseConfig = "bb.org_defconfig"; autoModules = false; target = "zImage"; };
  };
  armv7l-hf-multiplatform = {
    linux-kernel = { name = "armv7l-hf-multiplatform"; Major = "2.6"; baseConfig = "multi_v7_defconfig"; DTB = true; autoModules = true; preferBuiltin = true; target = "zImage"; };
    gcc = { arch = "armv7-a"; fpu = "vfpv3-d16"; };
  };
  aarch64-multiplatform = {
    linux-kernel = { name = "aarch64-multiplatform"; baseConfig = "defconfig"; DTB = true; autoModules = true; preferBuiltin = true; target = "Image"; };
    gcc.arch = "armv8-a";
  };
  apple-m1.gcc = { arch = "armv8.3-a+crypto+sha2+aes+crc+fp16+lse+simd+ras+rdm+rcpc"; cpu = "apple-a13"; };

  # MIPS
  ben_nanonote = { linux-kernel.name = "ben_nanonote"; gcc = { arch = "mips32"; float = "soft"; }; };
  fuloong2f_n32 = {
    linux-kernel = { name = "fuloong2f_n32"; baseConfig = "lemote2f_defconfig"; autoModules = false; target = "vmlinux"; };
    gcc = { arch = "loongson2f"; float = "hard"; abi = "n32"; };
  };
  gcc_mips32r2_o32.gcc = { arch = "mips32r2"; abi = "32"; };
  gcc_mips32r6_o32.gcc = { arch = "mips32r6"; abi = "32"; };
  gcc_mips64r2_n32.gcc = { arch = "mips64r2"; abi = "n32"; };
  gcc_mips64r6_n32.gcc = { arch = "mips64r6"; abi = "n32"; };
  gcc_mips64r2_64.gcc = { arch = "mips64r2"; abi = "64"; };
  gcc_mips64r6_64.gcc = { arch = "mips64r6"; abi = "64"; };
  mips64el-qemu-linux-gnuabi64 = {
    linux-kernel = { name = "mips64el"; baseConfig = "64r2el_defconfig"; target = "vmlinuz"; autoModules = false; DTB = true; };
  };

  riscv-multiplatform.linux-kernel = { name = "riscv-multiplatform"; target = "Image"; autoModules = true; preferBuiltin = true; baseConfig = "defconfig"; DTB = true; };
  loongarch64-multiplatform = {
    gcc = { arch = "la64v1.0"; strict-align = false; cmodel = "medium"; };
    linux-kernel = { name = "loongarch-multiplatform"; target = "vmlinuz.efi"; autoModules = true; preferBuiltin = true; baseConfig = "defconfig"; DTB = true; };
  };

  # The set-up of a platform.
  select = platform:
    if platform.isx86 then pc
    else if platform.isAarch32 then
      let
        version = platform.parsed.cpu.version or null;
      in
      if version == null then pc
      else if lib.strings.versionOlder version "6" then sheevaplug
      else if lib.strings.versionOlder version "7" then raspberrypi
      else armv7l-hf-multiplatform
    else if platform.isAarch64 then (if platform.isDarwin then apple-m1 else aarch64-multiplatform)
    else if platform.isLoongArch64 then loongarch64-multiplatform
    else if platform.isRiscV then riscv-multiplatform
    else if platform.parsed.cpu.name == "mipsel" then gcc_mips32r2_o32
    else if platform.parsed.cpu.name == "powerpc64le" then powernv
    else { };
}
