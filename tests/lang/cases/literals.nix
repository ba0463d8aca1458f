{
  ints = [ 0 1 007 9223372036854775807 (-9223372036854775807) ];
  floats = [ 0.5 .5 1. 1.5e3 2.5E-3 (-0.0) (1.0 / 3) ];
  words = [ true false null ];
  uris = [ http://example.org/a?b=c&d ftp://x:8080/~y a:b ];
}
