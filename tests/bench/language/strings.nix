# Interpolation, joining, replacing, splitting.
let
  piece = i: "a${toString i}, " + (if i - (i / 2) * 2 == 0 then "x" else "y") + "-";
  text = builtins.concatStringsSep ";" (builtins.genList piece 200000);
in
builtins.stringLength (builtins.replaceStrings [ "a" "x" ] [ "AA" "B" ] text)
+ builtins.length (builtins.filter builtins.isString (builtins.split ";" text))
