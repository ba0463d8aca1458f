# What turns a system closure into something that boots: kernel modules, initrd, disk image.
{ pkgs, lib }:
{
  makeModulesTree = import ./modules-tree.nix { inherit pkgs lib; };
  makeInitrd = import ./initrd.nix { inherit pkgs lib; };
  makeStoreImage = import ./store-image.nix { inherit pkgs lib; };
  makeVmRunner = import ./vm-runner.nix { inherit pkgs lib; };
  makeDiskImage = import ./disk-image.nix { inherit pkgs lib; };
}
