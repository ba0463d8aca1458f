# Parts of version numbers.
{ lib, ... }:

rec {
  splitVersion = builtins.splitVersion;
  major = version: builtins.elemAt (splitVersion version) 0;
  minor = version: builtins.elemAt (splitVersion version) 1;
  patch = version: builtins.elemAt (splitVersion version) 2;
  majorMinor = version: builtins.concatStringsSep "." (lib.lists.take 2 (splitVersion version));

  # The first `n` parts, filled up with zeros.
  pad = n: version:
    let
      parts = builtins.match "([0-9.]*)(.*)" version;
      numbers = lib.lists.filter (x: x != "") (lib.strings.splitString "." (builtins.head parts));
    in
    builtins.concatStringsSep "." (lib.lists.take n (numbers ++ lib.lists.replicate n "0")) + builtins.elemAt parts 1;
}
