let
  a = 1;
  b = c + a;
  c = 10;
  inherit (s) d "e" ${"f"};
  s = { d = "d"; e = "e"; f = "f"; };
  outer = let a = 2; in let inherit a; b = a; in [ a b ];
  nested.x.y = 1;
  nested.x.z = 2;
  nested."w w" = 3;
  even = n: if n == 0 then true else odd (n - 1);
  odd = n: if n == 0 then false else even (n - 1);
in
{
  inherit a b c d outer nested;
  inherit (s) e f;
  even = even 10;
  strict = let x = a + 1; y = x + 1; in y + x;
  unused = let x = throw "never"; in 1;
  shadow = let x = 1; in let x = 2; y = x; in y;
  legacy = let { body = x + y; x = 1; y = 2; };
}
