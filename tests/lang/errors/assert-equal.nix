let
  got = { ports = [ 80 443 ]; name = "web"; };
in
assert got == { name = "web"; ports = [ 80 8443 ]; };
got
