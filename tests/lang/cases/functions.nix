let
  id = x: x;
  curried = a: b: c: d: e: [ a b c d e ];
  pattern = { a, b ? a + 1, c ? b, ... }@args: [ a b c (builtins.attrNames args) ];
  alias = args@{ a ? 5, ... }: [ a (args ? a) ];
  empty = { }: "empty";
  open = { ... }: "open";
  mutual = { a ? b, b ? 2 }: a;
  functor = { __functor = self: x: self.base + x; base = 10; };
  shadowed = x: x: x;
  fix = f: let x = f x; in x;
in
{
  partial = curried 1 2 3 4 5;
  steps = let f = curried 1 2; g = f 3 4; in g 5;
  pattern = [ (pattern { a = 1; }) (pattern { a = 1; b = 5; z = 0; }) ];
  alias = [ (alias { }) (alias { a = 1; q = 2; }) ];
  simple = [ (empty { }) (open { x = 1; }) (mutual { }) (mutual { a = 1; }) (functor 5) (shadowed 1 2) ];
  args = map builtins.functionArgs [ pattern empty open id (a: { b }: b) ];
  fix = (fix (self: { a = 1; b = self.a + 1; })).b;
  lazy = (x: 1) (throw "never");
  lazyDefault = ({ a ? throw "never" }: 1) { };
  higher = (f: x: f (f x)) (x: x * 2) 3;
  applied = ((x: y: x - y) 5) 3;
  manyArguments = (a: b: c: d: e: f: g: a + b + c + d + e + f + g) 1 2 3 4 5 6 7;
  functorCurried = { __functor = self: a: b: a + b; } 1 2;
  compose = builtins.foldl' (f: g: x: g (f x)) id [ (x: x + 1) (x: x * 2) ] 3;
}
