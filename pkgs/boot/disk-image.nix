# A disk with a system on it, made without root and without loop devices: MBR, GRUB's images, one ext4 file system.
{ pkgs, lib }:
{
  # The system closure that the first generation is.
  system,
  name ? "osconf",
  # qcow2, raw, vdi or vmdk
  format ? "qcow2",
  # MiB of the root file system; it grows by resizing the disk and the partition.
  size ? 4096,
  label ? "osconf",
}:
let
  convertFormat = if format == "vdi" || format == "vmdk" || format == "qcow2" then format else "raw";
in
pkgs.runCommand "${name}-disk"
  {
    nativeBuildInputs = [
      pkgs.e2fsprogs
      pkgs.grub-pc-bin
      pkgs.grub-common
      pkgs.python3 # disk-image.py, and the activator
      pkgs.qemu-utils
      pkgs.libarchive13t64 # mke2fs reads a tar file with it
      pkgs.tar
      pkgs.mount
    ];
    # The files of the root file system belong to uid 0 of the sandbox, which mke2fs writes down.
    requiredSystemFeatures = [ "uid-range" ];
    # Structured, so that the closure comes with the hashes that the store of the image is told.
    __structuredAttrs = true;
    exportReferencesGraph.closure = [ system ];
    toplevel = system; # `system` is the platform of a derivation
    inherit
      label
      format
      convertFormat
      ;
    sizeMiB = toString size;
    layout = ./disk-image.py;
  }
  ''
    out=''${outputs[out]}
    # The activator of the system itself makes the first generation and its boot menu, as it does for every later one.
    python3 "$layout" skeleton "$NIX_ATTRS_JSON_FILE" root
    mount --rbind "$NIX_STORE" root/osconf/store
    "$toplevel/activate" install --root "$PWD/root" --root-tag "LABEL=$label"
    umount --lazy root/osconf/store

    # A stream keeps the hard links of environments and needs no copy of the closure.
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --format=posix --pax-option=delete=atime,delete=ctime \
      --transform 'flags=rhS;s,^\([0-9a-z]\{32\}-\),./osconf/store/\1,' \
      --file=tree.tar -C "$PWD/root" . -C "$NIX_STORE" -T store-paths
    truncate -s $((sizeMiB + 1))M disk.raw
    mke2fs -q -t ext4 -L "$label" -U 9f2c3b1e-6a57-4d0c-8a51-05c04f5eed01 -d tree.tar \
      -E offset=1048576,root_owner=0:0,hash_seed=9f2c3b1e-6a57-4d0c-8a51-05c04f5eed02 \
      -O ^orphan_file,^metadata_csum_seed disk.raw "$sizeMiB"M
    grub-mkimage -O i386-pc -o core.img -p '(hd0,msdos1)/boot/grub' biosdisk part_msdos part_gpt ext2 normal configfile \
      linux serial terminal loadenv test echo search search_label search_fs_uuid ls cat reboot halt sleep regexp
    python3 "$layout" partition disk.raw core.img "$sizeMiB"

    mkdir -p "$out"
    if [ "$convertFormat" = raw ]; then
      cp --sparse=always disk.raw "$out/disk.$format"
    else
      qemu-img convert -f raw -O "$convertFormat" disk.raw "$out/disk.$format"
    fi
  ''
