# The suites that packages come from unless something else is said.
#
# `mirror:NAME` is resolved when the archive is read, from the machine's own apt sources or the configured mirrors.
{
  suite ? "trixie",
  components ? [ "main" ],
  architecture ? "amd64",
  # The suites beside the main one: "updates" "security" "backports". Only a release needs them.
  pockets ? if builtins.elem suite [ "bookworm" "trixie" ] then [ "updates" "security" ] else [ ],
  # Whether the suite itself is among the sources.
  own ? true,
}:
let
  complete = import ./complete-source.nix;
  makeSource = suite: complete { inherit suite components architecture; };
in
(if own then [ (makeSource suite) ] else [ ]) ++ map (pocket: makeSource "${suite}-${pocket}") pockets
