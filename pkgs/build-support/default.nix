# What builds files, programs, environments and packages. Each part is a function of the finished package set.
arguments@{
  lib,
  system,
  archive,
  sources,
  primops,
}:
final:
let
  part = path: import path (arguments // { inherit final; });
in
part ./derivations.nix
// part ./text.nix
// part ./trees.nix
// part ./environment.nix
// part ./run-command.nix
// part ./profile.nix
// part ./fetch.nix
// part ./python.nix
// {
  formats = part ./formats.nix;
}
