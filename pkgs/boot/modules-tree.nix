# The modules of one kernel, with the indexes that modprobe needs: $out/lib/modules/<version>.
{ pkgs, lib }:
{
  # The package that holds the modules themselves, such as pkgs."linux-image-6.12.41+deb13-cloud-amd64".
  kernel,
  # Further packages with modules for the same kernel.
  extraModulePackages ? [ ],
}:
pkgs.runCommand "kernel-modules"
  {
    nativeBuildInputs = [ pkgs.kmod ];
    sources = map (package: "${package.contents}/usr/lib/modules") ([ kernel ] ++ extraModulePackages);
  }
  ''
    mkdir -p "$out/lib/modules"
    for source in $sources; do
      cp -r --no-preserve=mode "$source"/. "$out/lib/modules/"
    done
    for version in $(ls "$out/lib/modules"); do
      # Links to headers that are not part of the system.
      rm -f "$out/lib/modules/$version/build" "$out/lib/modules/$version/source"
      depmod -b "$out" "$version"
    done
  ''
