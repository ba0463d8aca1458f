{
  arithmetic = [ (1 + 2 * 3 - 4) (7 / 2) (-7 / 2) (7 / -2) (2 * 2.5) (1 - -1) (10 - 3 - 2) (100 / 10 / 2) ];
  mixed = [ (1 + 0.5) (0.5 - 1) (3 / 2.0) (5 / 2) ];
  comparison = [ (1 < 2) (2 <= 2) (3 > 4) (1.5 >= 1) ("a" < "b") ("a" < "B") ("" < "a") ([ 1 2 ] < [ 1 3 ]) ([ ] < [ 1 ]) ([ 1 ] < [ ]) (./a < ./b) ];
  equality = [ (1 == 1.0) (1 == true) ("1" == 1) (null == null) ([ 1 [ 2 ] ] == [ 1 [ 2 ] ]) ({ a = 1; } == { a = 1.0; }) ({ } == [ ]) ((x: x) == (x: x)) (./a == ./a) (0 == false) (1 != 2) ];
  logic = [ (true && false || true) (false -> throw "no") (!false && true) (true || throw "no") (false && throw "no") (true -> false -> false) ];
  lists = [ 1 ] ++ [ 2 ] ++ [ ] ++ [ (1 + 1) ];
  updates = { a = 1; b.c = 1; } // { b.d = 2; } // { e = 3; };
  has = [ ({ a.b = 1; } ? a.b) ({ a = 1; } ? a.b) ({ } ? a.b.c) (1 ? a) ({ "x y" = 1; } ? "x y") ({ ab = 1; } ? ${"a" + "b"}) ];
  negation = [ (-1) (- 1.5) (-(1 + 2)) (!true) (!!true) ];
  precedence = [ (!{ a = 1; } ? a) (-1 + 2) (1 + 2 == 3 && 2 < 3) ({ a = 1; } // { a = 2; } == { a = 2; }) ([ 1 ] ++ [ 2 ] == [ 1 2 ]) (1 < 2 == true) ];
  paths = [ (builtins.typeOf (./a + "/b")) (baseNameOf (./a + "b")) (baseNameOf ./a/${"b"}/c) (builtins.typeOf ("a" + "/b")) ];
}
