# Sorting with a function of the language.
let
  modulo = a: b: a - (a / b) * b;
  numbers = builtins.genList (i: modulo (i * 7919) 100003) 100000;
in
builtins.elemAt (builtins.sort (a: b: a < b) numbers) 500
