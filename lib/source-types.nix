# Where the content of a package comes from.
{ ... }:

let
  types = {
    fromSource = true;
    binaryNativeCode = false;
    binaryBytecode = false;
    binaryFirmware = false;
  };
in
builtins.mapAttrs (shortName: isSource: { inherit shortName isSource; }) types
