let
  n = "dynamic";
  r = rec {
    a = b + 1;
    b = 1;
    f = x: if x == 0 then a else f (x - 1);
    g = f 3;
    inherit (s) y;
    s = { y = a; };
    z = y;
    nested = { inherit a; c = b; };
  };
in
{
  recursive = removeAttrs r [ "f" ];
  dynamic = { ${n} = 1; "${n}2" = 2; ${null} = 3; "quo ted" = 4; ${"a" + "b"}.c = 5; };
  merged = { a.b = 1; a.c = 2; a = { d = 3; }; };
  order = builtins.attrNames { z = 1; a = 1; M = 1; "0" = 1; _x = 1; "é" = 1; };
  select = [ r.nested.c (r.q or "default") (r.nested.q.w or "deep") (r."a") (r.${"b"}) (({ a = { }; }).a.b.c or 1) ];
  or = let or = 1; in { inherit or; x.or = 2; };
  keywords = { "if" = 1; "let" = 2; }.${"if"};
  list = [ r.a (r.f 0) r.nested.a or 5 ];
}
