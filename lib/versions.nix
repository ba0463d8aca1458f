# Parts of version numbers.
{ lib, ... }:

rec {
  splitVersion = builtins.splitVersion;
  major = version: builtins.elemAt (splitVersion version) 0;
  minor = version: builtins.elemAt (splitVersion version) 1;
  patch = version: builtins.elemAt (splitVersion version) 2;
  majorMinor = version: builtins.concatStringsSep "." (lib.lists.take 2 (splitVersion version));

  # The first `n` parts of what is before the first `-`, filled up with zeros, and the rest.
  pad = n: version:
    let
      numbers = builtins.head (lib.strings.splitString "-" version);
      suffix = lib.strings.removePrefix numbers version;
    in
    builtins.concatStringsSep "." (lib.lists.take n (splitVersion numbers ++ lib.lists.replicate n "0")) + suffix;
}
