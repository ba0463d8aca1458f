"""A machine builds, copies and collects garbage; then the power is cut at hundreds of places in what it wrote.

The store is on a second disk whose writes QEMU records. No machine is booted for a cut: the image that it leaves is
repaired, mounted and judged here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from osconf.vm.block_log import copy_sparse
from osconf.vm.machine import Machine
from osconf.vm.qemu import RecordedDisk
from tests.durability.disks import make_file_system, missing_for_mounts
from tests.durability.power_cuts import Timeline, judge_power_cuts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(missing_for_mounts() != "", reason=missing_for_mounts()),
]

CONFIGURATION = """{ pkgs, ... }: {
  networking.hostName = "durable";
  boot.kernelPackages = pkgs.linuxPackages_cloud;
  environment.systemPackages = [ pkgs.busybox-static ];
  system.stateVersion = "0.1";
}"""

# Builtin builders, a sandbox, several outputs, files of some size; all else refers to `base`.
JOBS = """{ turn }:
let
  inherit (builtins) concatStringsSep genList toString;
  write = name: text: inputs: derivation {
    name = "${name}-${turn}";
    system = "x86_64-linux";
    builder = "builtin:write";
    text = "${name}\\n${text}\\n${toString inputs}\\n";
  };
  base = write "base" "" [ ];
  lines = concatStringsSep "\\n" (genList (n: "${turn} ${toString n}") 900);
  parts = genList (n: write "part${toString n}" lines [ base ]) 4;
  made = derivation {
    name = "made-${turn}";
    system = "x86_64-linux";
    builder = "${./tools}/busybox";
    args = [ "sh" "-c" script ];
    outputs = [ "out" "extra" ];
    inherit base turn;
  };
  script = ''
    b=${./tools}/busybox
    $b mkdir -p $out/deep/er $extra
    for n in 1 2 3 4 5 6; do $b yes "$turn $n" | $b head -c $((n * 20000)) > $out/deep/$n; done
    $b ln -s $base $out/deep/er/base
    $b yes | $b head -c 100000 > $extra/zeros
  '';
in
write "top" "${made.extra}" (parts ++ [ made ])
"""
TURNS = 8
CUTS = 800


def test_a_store_survives_power_cuts(boot_vm, tmp_path: Path) -> None:
    image, base = tmp_path / "data.img", tmp_path / "base.img"
    make_file_system(image, 128)
    copy_sparse(image, base)
    disk = RecordedDisk(image, tmp_path / "data.log", "data")
    machine: Machine = boot_vm(CONFIGURATION, disks=(disk,))
    timeline = Timeline(disk.log)

    machine.succeed("mkdir -p /mnt/data /var/tmp/work", "mount /dev/disk/by-id/virtio-data /mnt/data")
    machine.succeed(
        "mkdir /var/tmp/work/tools; cp /usr/bin/busybox /var/tmp/work/tools/",
        "osconf key generate durable-1 > /var/tmp/work/key",
    )
    public = machine.succeed("osconf key public /var/tmp/work/key").strip()
    machine.write_file("/var/tmp/work/jobs.nix", JOBS)
    store = "osconf --store /mnt/data/s"
    kept: list[str] = []
    for turn in range(TURNS):
        root = "/mnt/data/s/osconf/var/gcroots/turn"
        machine.succeed(
            f"cd /var/tmp/work; {store} build jobs.nix --argstr turn {turn} -o {root}-{turn} > top 2> log"
            " || { cat log; exit 1; }",
            timeout=300,
        )
        top = machine.succeed("cat /var/tmp/work/top").strip()
        kept.append(top)
        timeline.note(frozenset(kept))
        machine.succeed(f"{store} copy --to file:///mnt/data/s/cache --key /var/tmp/work/key {top}", timeout=300)
        if turn % 3 == 1:
            machine.succeed(f"{store} store optimise", timeout=300)
        if turn % 2:
            # The turn before goes, and comes back out of the cache.
            old = kept.pop(-2)
            timeline.note(frozenset(kept))
            machine.succeed(f"rm {root}-{turn - 1}", f"{store} gc", timeout=300)
            machine.succeed(f"{store} copy --from file:///mnt/data/s/cache --trusted-key '{public}' {old}", timeout=300)
    machine.succeed("umount /mnt/data")
    machine.kill()

    print(judge_power_cuts(timeline, base, CUTS, tmp_path / "mount", store="s", turn=TURNS))
