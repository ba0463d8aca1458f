let
  a = b + 1;
  b = c.value;
  c = { value = a; };
in
a
