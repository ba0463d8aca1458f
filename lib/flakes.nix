# Flakes without their command line.
{ lib, ... }:

{
  # A reference such as `github:owner/repository` as a set, and back.
  parseFlakeRef = builtins.parseFlakeRef or (_: throw "this evaluator does not know flake references");
  flakeRefToString = builtins.flakeRefToString or (_: throw "this evaluator does not know flake references");

  # The outputs of the flake in a directory, without its lock file: `{ path; inputs; }`, or the path alone.
  callLocklessFlake = given:
    let
      arguments = if builtins.isAttrs given then given else { path = given; };
      inputs = arguments.inputs or { };
      flake = import (arguments.path + "/flake.nix");
      outputs = flake.outputs (inputs // { inherit self; });
      self = outputs // { inherit inputs outputs; outPath = arguments.path; };
    in
    self;
}
