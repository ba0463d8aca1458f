let s = { __toString = self: "S${self.v}"; v = "1"; }; in {
  strings = [ "${s}" (toString s) ("a" + s) (s + "a") "${{ outPath = "/out"; }}" "${{ outPath = s; }}" ];
  toStrings = map toString [ 1 (-1) 1.5 true false null [ ] [ 1 [ 2 [ ] 3 ] [ ] 4 ] "x" ];
  paths = toString /a/b/../c;
  dirs = [ (dirOf "/a/b") (baseNameOf "/a/b/") (dirOf "a") ];
}
