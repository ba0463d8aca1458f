{ crlf = "a
bc"; crlfIndented = builtins.stringLength ''
  a
  b''; }
