# Answers to the kernel's configuration questions, and tests of its version.
{ lib, ... }:

let
  answer = tristate: { inherit tristate; optional = false; };
in
{
  yes = answer "y";
  no = answer "n";
  module = answer "m";
  unset = answer null;
  freeform = text: { freeform = text; optional = false; };
  option = value: value // { optional = true; };

  # Conditions on a kernel version.
  whenHelpers = version: {
    whenAtLeast = minimum: lib.modules.mkIf (lib.strings.versionAtLeast version minimum);
    whenOlder = maximum: lib.modules.mkIf (lib.strings.versionOlder version maximum);
    whenBetween = minimum: maximum:
      lib.modules.mkIf (lib.strings.versionAtLeast version minimum && lib.strings.versionOlder version maximum);
  };
}
