# What the initrd mounts stays until the very end: PID 1 itself runs from it, so stopping it at shutdown can only fail.
{ lib, ... }:

{
  systemd.units = lib.genAttrs [
    "usr.mount"
    "osconf-store.mount"
    "osconf-var.mount"
    "run-osconf-store\\x2dimage.mount"
    "run-wrappers.mount"
  ] (_: {
    overrideStrategy = "asDropin";
    text = ''
      [Unit]
      DefaultDependencies=no
    '';
  });
}
