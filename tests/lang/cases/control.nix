{
  conditionals = map (n: if n < 0 then "negative" else if n == 0 then "zero" else "positive") [ (-1) 0 1 ];
  nested = if true then if false then 1 else 2 else 3;
  assertion = assert 1 + 1 == 2; "fine";
  caught = map builtins.tryEval [ (throw "x") (assert false; 1) 1 ];
  caughtLate = (builtins.tryEval { a = throw "later"; }).success;
  seq = builtins.seq { a = throw "lazy"; } 1;
  inOperand = 1 + (if true then 1 else 2) + (let x = 3; in x) + (with { y = 4; }; y) + (assert true; 5);
  deepSeq = builtins.tryEval (builtins.deepSeq { a = throw "deep"; } 1);
}
