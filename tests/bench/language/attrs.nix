# Making, mapping and merging sets.
let
  count = 100000;
  pairs = builtins.genList (i: { name = "k${toString i}"; value = i; }) count;
  made = builtins.listToAttrs pairs;
  mapped = builtins.mapAttrs (name: value: value + 1) made;
  grown = builtins.foldl' (set: i: set // { ${"z${toString i}"} = i; }) { } (builtins.genList (i: i) 1000);
in
builtins.foldl' (total: value: total + value) 0 (builtins.attrValues (made // mapped // grown))
