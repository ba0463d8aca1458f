let
  a = "lexical";
  s = { a = "with"; b = "inner"; };
  t = { b = "outer"; c = "outer"; };
in
{
  lexicalFirst = with s; a;
  innermost = with t; with s; [ b c ];
  deep = with { x = 1; }; with { y = 2; }; with { z = 3; }; with { w = 4; }; [ x y z w ];
  lazyScope = with throw "never"; 1;
  builtinsFirst = with { map = "no"; toString = "no"; }; builtins.typeOf map;
  function = with s; (x: [ b x ]) 1;
  inherit (with s; { inherit b; }) b;
  inLet = with s; let c = b; in c;
  shadowBuiltin = let map = 1; true = "yes"; in [ map true ];
  fromInherit = with { k = 1; }; let inherit k; in k;
}
