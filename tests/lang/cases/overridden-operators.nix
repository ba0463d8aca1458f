let
  __sub = a: b: "sub";
  __lessThan = a: b: a == 1;
  __mul = a: b: [ a b ];
in
[ (1 - 2) (1 < 2) (2 > 1) (2 <= 1) (1 >= 1) (3 * 4) (-5) (1 + 1) (4 / 2) (builtins.sub 3 1) ]
