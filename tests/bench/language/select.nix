# Selection from nested sets and small sets made in a loop.
let
  s = { a.b = { c = 1; d = x: x + 1; }; };
  go = i: total:
    if i == 0 then total else let t = { inherit i; v = s.a.b.d i; }; in go (t.i - 1) (total + t.v + s.a.b.c);
in
builtins.foldl' (total: _: total + go 1000 0) 0 (builtins.genList (i: i) 200)
