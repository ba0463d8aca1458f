# map and filter over 500 000 numbers.
let
  numbers = builtins.genList (i: i) 500000;
  even = n: n / 2 * 2 == n;
in
builtins.length (builtins.filter even (map (n: n + 1) numbers))
