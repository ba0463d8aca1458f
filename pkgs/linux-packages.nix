# Kernels: Debian's metapackages resolved to the kernel that they stand for.
{ lib, archive, debianArchitecture }:
final:
let
  makeLinuxPackages =
    metapackage:
    let
      names = builtins.filter (name: builtins.match "linux-image-[0-9].*" name != null) archive.${metapackage}.depends;
      # A name with a version is the kernel itself.
      name = if names == [ ] then metapackage else builtins.head names;
      image = archive.${name};
      modDirVersion = lib.removeSuffix "-unsigned" (lib.removePrefix "linux-image-" name);
      kernel = image // {
        inherit modDirVersion;
        image = "${image.contents}/boot/vmlinuz-${modDirVersion}";
        config = "${image.contents}/boot/config-${modDirVersion}";
        # What nixpkgs gives of a kernel beside its files.
        version = builtins.head (lib.splitString "+" modDirVersion);
        kernelOlder = lib.versionOlder kernel.version;
        kernelAtLeast = lib.versionAtLeast kernel.version;
      };
    in
    {
      inherit kernel metapackage;
      headers = archive."linux-headers-${modDirVersion}";
      kernelOlder = kernel.kernelOlder;
      kernelAtLeast = kernel.kernelAtLeast;
      cpupower = archive.linux-cpupower;
      perf = archive.linux-perf;
      bpftool = archive.bpftool;
      extend = _: makeLinuxPackages metapackage;
    };
in
{
  linuxPackagesFor = kernel: makeLinuxPackages (kernel.pname or kernel);
  linuxPackages = makeLinuxPackages "linux-image-${debianArchitecture}";
  linuxPackages_latest = makeLinuxPackages "linux-image-${debianArchitecture}";
  linuxPackages_cloud = makeLinuxPackages "linux-image-cloud-${debianArchitecture}";
  linuxPackages_rt = makeLinuxPackages "linux-image-rt-${debianArchitecture}";
  linux = final.linuxPackages.kernel;
}
