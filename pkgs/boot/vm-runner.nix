# bin/run-<hostName>-vm: boots a system in QEMU with the store as an image and a disk of its own for the rest.
{ pkgs, lib }:
{
  system,
  hostName,
  memorySize ? 2048,
  cores ? 2,
  # MiB of the disk that keeps /etc, /var, /home and what is built inside.
  diskSize ? 8192,
  # [ { host.port, guest.port, proto ? "tcp", host.address ? "127.0.0.1" } ]
  forwardPorts ? [ ],
  # Further words for QEMU.
  qemuOptions ? [ ],
  graphics ? false,
}:
let
  storeImage = pkgs.makeStoreImage { inherit system; name = hostName; };
  emptyDisk = pkgs.runCommand "empty-disk" { nativeBuildInputs = [ pkgs.e2fsprogs pkgs.qemu-utils ]; } ''
    truncate -s ${toString diskSize}M disk.raw
    mke2fs -q -t ext4 -L osconf -E root_owner=0:0,lazy_itable_init=1 disk.raw
    mkdir -p "$out"
    qemu-img convert -f raw -O qcow2 disk.raw "$out/disk.qcow2"
  '';
  forward =
    rule:
    let
      address = rule.host.address or "127.0.0.1";
    in
    "hostfwd=${rule.proto or "tcp"}:${address}:${toString rule.host.port}-:${toString rule.guest.port}";
in
pkgs.render {
  name = "run-${hostName}-vm";
  template = "run-vm.sh.j2";
  destination = "/bin/run-${hostName}-vm";
  executable = true;
  context = {
    inherit hostName memorySize cores graphics qemuOptions;
    inherit (builtins) storeDir;
    system = "${system}";
    storeImage = "${storeImage}";
    emptyDisk = "${emptyDisk}";
    forwards = map forward forwardPorts;
  };
}
