let
  ones = [ 1 ] ++ ones2;
  ones2 = [ 2 ];
  cyclic = { self = cyclic; v = 1; };
  fibs = builtins.genList (i: if i < 2 then i else builtins.elemAt fibs (i - 1) + builtins.elemAt fibs (i - 2)) 30;
  overlay = let base = self: { a = 1; b = self.a + 1; }; final = base final // { a = 10; }; in (base final).b;
in
{
  inherit ones overlay;
  cyclic = cyclic.self.self.v;
  fib = builtins.elemAt fibs 29;
  deep = let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 9000;
  tail = let loop = n: acc: if n == 0 then acc else loop (n - 1) (acc + 1); in loop 9000 0;
  head = builtins.head [ 1 (throw "no") ];
  attr = { a = 1; b = throw "no"; }.a;
  length = builtins.length [ (throw "a") (throw "b") ];
  names = builtins.attrNames { a = throw "a"; };
}
